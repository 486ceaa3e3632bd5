/** A node: an endpoint, the mesh it is part of, the plugins on both, and the admin address beside them. */

import packageJson from "../package.json" with { type: "json" };
import { type Endpoint, formatAddress, type ServerTls } from "../src/index.ts";
import { type Admin, type Administered, serveAdmin } from "./admin.ts";
import { SYSTEM_CLOCK } from "./clock.ts";
import type { NodeConfig, ServerConfig } from "./config/config.ts";
import { Durable } from "./durable/durable.ts";
import { errorPlace } from "./error-place.ts";
import { errorText } from "./error-text.ts";
import { AdminRoutes } from "./admin-routes.ts";
import { GameHub } from "./game/game-hub.ts";
import { adminError } from "./listen-error.ts";
import type { Logger } from "./log.ts";
import { ERRORS_LOGGED, type LimitedLogger, limited } from "./log-limit.ts";
import { fixedPart, Mesh, type MeshParts } from "./mesh.ts";
import { Messaging } from "./messaging/messaging.ts";
import type { Messenger } from "./messaging/messenger.ts";
import { NodeError } from "./node-error.ts";
import { OutboxError } from "./outbox/outbox-error.ts";
import { listenAs, readTls, whitelistOf } from "./node-endpoint.ts";
import { PluginHost } from "./plugin-host.ts";
import { pluginFolders, providePluginApi } from "./plugin-modules.ts";
import type { NodeState, NodeStatus } from "./status.ts";

export const VERSION: string = packageJson.version;

export interface NodeOptions {
  readonly config: NodeConfig;
  /** Where the config was read from: plugins are looked for beside it first. */
  readonly configPath: string;
  readonly log: Logger;
}

interface NodeParts {
  readonly endpoint: Endpoint;
  /** Alone, it serves the plugins of this node. */
  readonly messaging: Messaging;
  readonly durable: Durable;
  /** As read at the start. */
  readonly tls: ServerTls | undefined;
  readonly plugins: PluginHost;
  readonly game: GameHub;
  readonly routes: AdminRoutes;
}

export class MeshNode implements Administered {
  readonly #log: Logger;
  readonly #uncaught: LimitedLogger;
  readonly #startedAt = new Date();
  readonly #endpoint: Endpoint;
  readonly #tls: ServerTls | undefined;
  readonly #messaging: Messaging;
  readonly #durable: Durable;
  readonly plugins: PluginHost;
  readonly routes: AdminRoutes;
  readonly #game: GameHub;
  #config: NodeConfig;
  #state: NodeState = "starting";
  #uncaughtErrors = 0;
  #admin: Admin | undefined;
  #mesh: Mesh | undefined;

  /**
   * Listens; {@link loadPlugins} makes it ready.
   *
   * @throws {NodeError} when it cannot listen
   */
  static async listen(options: NodeOptions): Promise<MeshNode> {
    const { config, configPath, log } = options;
    providePluginApi();
    const tls = config.server.tls === undefined ? undefined : readTls(config.server.tls);
    const mesh = await Mesh.prepare(config, log);
    const messaging = messagingOf(config, log);
    const durable = durableOf(config, messaging, log);
    const endpoint = await listenAs(config, tls, log).catch(async (error: unknown) => {
      await durable.close();
      throw error;
    });
    const game = new GameHub();
    const routes = new AdminRoutes();
    const plugins = new PluginHost({
      nodeName: config.node.name,
      endpoint,
      messenger: messaging,
      durable,
      log,
      folders: pluginFolders(configPath),
      builtIn: config.plugins.builtIn,
      game,
      routes,
      dataFolder: config.node.data,
    });
    const node = new MeshNode(options, {
      endpoint,
      tls,
      messaging,
      durable,
      plugins,
      game,
      routes,
    });
    try {
      node.#serveAdmin();
    } catch (error) {
      await endpoint.close(0);
      await durable.close();
      throw error;
    }
    log.info("listening", {
      node: config.node.name,
      ccp: formatAddress({ host: endpoint.hostname, port: endpoint.port }),
      admin: node.adminUrl,
      version: VERSION,
      pid: process.pid,
    });
    node.#join(mesh);
    return node;
  }

  private constructor({ config, log }: NodeOptions, parts: NodeParts) {
    const { endpoint, tls, messaging, durable, plugins, game, routes } = parts;
    this.#config = config;
    this.#log = log;
    this.#uncaught = limited(log, ERRORS_LOGGED);
    this.#endpoint = endpoint;
    this.#tls = tls;
    this.#messaging = messaging;
    this.#durable = durable;
    this.plugins = plugins;
    this.routes = routes;
    this.#game = game;
  }

  /** The port of the endpoint. */
  get port(): number {
    return this.#endpoint.port;
  }

  /** Where the admin address is served. */
  get adminUrl(): string {
    return this.#admin?.url ?? "";
  }

  get durable(): Durable {
    return this.#durable;
  }

  get messenger(): Messenger {
    return this.#messaging;
  }

  /** Loads the plugins; one that fails is logged and stands in the status. */
  async loadPlugins(): Promise<void> {
    const { load, settings } = this.#config.plugins;
    await this.plugins.apply(load, settings);
    if (this.#state !== "starting") return;
    this.#state = "ready";
    this.#log.info(`ready; see it with: curl ${this.adminUrl}/api/status`);
  }

  status(): NodeStatus {
    const { limits, counters, ...endpoint } = this.#endpoint.status();
    const { refusals, ...counts } = counters;
    return {
      node: {
        name: this.#config.node.name,
        state: this.#state,
        version: VERSION,
        bun: Bun.version,
        startedAt: this.#startedAt.toISOString(),
        uptimeMs: Date.now() - this.#startedAt.getTime(),
      },
      endpoint: { ...endpoint, counters: counts },
      mesh: this.#mesh?.status() ?? null,
      messaging: this.#messaging.status(),
      durable: this.#durable.status(),
      game: this.#game.status ?? null,
      plugins: this.plugins.list(),
      refusals,
      limits,
      process: {
        residentBytes: process.memoryUsage.rss(),
        uncaughtErrors: this.#uncaughtErrors,
      },
    };
  }

  /** Applies what can change while the node runs, and says what cannot. */
  async reconfigure(config: NodeConfig): Promise<void> {
    const before = this.#config;
    for (const name of needRestart(before, config)) {
      this.#log.warn(`${name} has changed; restart the node to apply it`);
    }
    this.#warnOfNewTls(config.server);
    if (!Bun.deepEquals(before.server.whitelist, config.server.whitelist)) {
      this.#endpoint.setWhitelist(await whitelistOf(config.server, this.#log));
    }
    this.#config = {
      ...before,
      server: { ...before.server, whitelist: config.server.whitelist },
      admin: { ...before.admin, token: config.admin.token },
      plugins: config.plugins,
      mesh: this.#meshAfter(config),
    };
    this.plugins.useBuiltIn(config.plugins.builtIn);
    await this.plugins.apply(config.plugins.load, config.plugins.settings);
    this.#log.info("config applied");
  }

  /** Something in a plugin threw where nobody could catch it. The node goes on. */
  onUncaught(error: unknown): void {
    this.#uncaughtErrors += 1;
    const text = "an error was not caught, probably a plugin's";
    this.#uncaught.error(errorText(error), text, { at: errorPlace(error), error });
  }

  /** Answers what is in flight, ends every communication, unloads the plugins. */
  async stop(): Promise<void> {
    if (this.#state === "draining" || this.#state === "stopped") return;
    this.#state = "draining";
    this.#log.info("stopping");
    const cut = await this.#endpoint.close();
    if (cut > 0) this.#log.warn("communications that did not end in time were cut", { cut });
    this.#durable.endIntake();
    await this.plugins.unloadAll();
    await this.#mesh?.stop();
    await this.#closeDurable();
    this.#messaging.close();
    await this.#admin?.stop();
    this.#state = "stopped";
    this.#log.info("stopped");
  }

  /** A renewed certificate usually has the path of the old one. */
  #warnOfNewTls({ tls }: ServerConfig): void {
    if (tls === undefined || !Bun.deepEquals(tls, this.#config.server.tls)) return;
    let text = "what [server] tls_cert or tls_key names has changed; restart the node to apply it";
    try {
      if (Bun.deepEquals(readTls(tls), this.#tls)) return;
    } catch (error) {
      text = errorText(error);
    }
    this.#log.warn(text);
  }

  async #closeDurable(): Promise<void> {
    try {
      await this.#durable.close();
    } catch (error) {
      this.#log.error("not all that was to be kept could be written to the disk", { error });
    }
  }

  #join(parts: MeshParts | undefined): void {
    if (parts === undefined) return;
    const handler = this.#messaging;
    this.#mesh = new Mesh({ ...parts, endpoint: this.#endpoint, handler, log: this.#log });
  }

  /** Peers and secrets change while it runs; whether there is a mesh, and which, does not. */
  #meshAfter({ mesh }: NodeConfig): NodeConfig["mesh"] {
    const before = this.#config.mesh;
    if (this.#mesh === undefined || before === undefined || mesh === undefined) return before;
    this.#mesh.reconfigure(mesh);
    return { ...before, peers: mesh.peers, secrets: mesh.secrets };
  }

  #serveAdmin(): void {
    const { host, port } = this.#config.admin;
    try {
      this.#admin = serveAdmin({
        host,
        port,
        token: () => this.#config.admin.token,
        node: this,
        log: this.#log,
      });
    } catch (cause) {
      throw adminError(this.#config.admin, cause);
    }
  }
}

/** @throws {NodeError} `data_unusable` where something was kept before and cannot be opened now */
function durableOf({ node, meshLimits }: NodeConfig, messaging: Messaging, log: Logger): Durable {
  const { meshPayloadBytesMax: payloadBytesMax } = meshLimits;
  try {
    return new Durable({ messaging, folder: node.data, payloadBytesMax, log, clock: SYSTEM_CLOCK });
  } catch (cause) {
    if (!(cause instanceof OutboxError)) throw cause;
    throw new NodeError("data_unusable", `[node] data: ${cause.message}`, { cause });
  }
}

function messagingOf({ node, meshLimits }: NodeConfig, log: Logger): Messaging {
  const failures = limited(log, ERRORS_LOGGED);
  return new Messaging({
    nodeName: node.name,
    limits: meshLimits,
    onCallbackError: (error, what) => {
      const fields = { at: errorPlace(error), error };
      failures.error(`${what} ${errorText(error)}`, `${what} failed`, fields);
    },
    // Whoever asked is told, and the plugin's own log has it.
    onHandlerError: () => {},
  });
}

/** What differs and is read only at the start, as the config names it. */
function needRestart(before: NodeConfig, after: NodeConfig): string[] {
  const differs = (a: unknown, b: unknown): boolean => !Bun.deepEquals(a, b);
  const { whitelist: _before, ...server } = before.server;
  const { whitelist: _after, ...newServer } = after.server;
  const { token: _oldToken, ...admin } = before.admin;
  const { token: _newToken, ...newAdmin } = after.admin;
  return [
    ...(differs(server, newServer) ? ["[server]"] : []),
    ...(differs(before.node, after.node) ? ["[node]"] : []),
    ...(differs(admin, newAdmin) ? ["[admin]"] : []),
    ...(differs(fixedPart(before.mesh), fixedPart(after.mesh)) ? ["[mesh]"] : []),
    ...(differs(before.limits, after.limits) || differs(before.meshLimits, after.meshLimits)
      ? ["[limits]"]
      : []),
    ...(differs(before.log, after.log) ? ["[log]"] : []),
  ];
}
