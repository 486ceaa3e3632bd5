/** A node: an endpoint, the plugins on it, and the admin address beside it. */

import { readFileSync } from "node:fs";
import packageJson from "../package.json" with { type: "json" };
import {
  Endpoint,
  type EndpointLimits,
  formatAddress,
  type ServerTls,
  Whitelist,
} from "../src/index.ts";
import { type Admin, type Administered, serveAdmin } from "./admin.ts";
import type { NodeConfig, ServerConfig } from "./config/config.ts";
import { errorPlace } from "./error-place.ts";
import { errorText } from "./error-text.ts";
import { adminError, listenError } from "./listen-error.ts";
import type { Logger } from "./log.ts";
import { type LimitedLogger, limited } from "./log-limit.ts";
import { NodeError } from "./node-error.ts";
import { connectionsAllowed } from "./open-files.ts";
import { PluginHost } from "./plugin-host.ts";
import { pluginFolders, providePluginApi } from "./plugin-modules.ts";
import { REFUSAL_LINES } from "./refusals.ts";
import type { NodeState, NodeStatus } from "./status.ts";

export const VERSION: string = packageJson.version;

/** An attacker can cause these lines, so each address gets one a minute for each reason. */
const REFUSALS_LOGGED = { everyMs: 60_000, keysMax: 1000 };
/** A plugin that throws a thousand times a second must not fill the disk. */
const ERRORS_LOGGED = { everyMs: 10_000, keysMax: 100 };

export interface NodeOptions {
  readonly config: NodeConfig;
  /** Where the config was read from: plugins are looked for beside it first. */
  readonly configPath: string;
  readonly log: Logger;
}

interface NodeParts {
  readonly endpoint: Endpoint;
  /** As read at the start. */
  readonly tls: ServerTls | undefined;
  readonly plugins: PluginHost;
}

export class MeshNode implements Administered {
  readonly #log: Logger;
  readonly #uncaught: LimitedLogger;
  readonly #startedAt = new Date();
  readonly #endpoint: Endpoint;
  readonly #tls: ServerTls | undefined;
  readonly plugins: PluginHost;
  #config: NodeConfig;
  #state: NodeState = "starting";
  #uncaughtErrors = 0;
  #admin: Admin | undefined;

  /**
   * Listens; {@link loadPlugins} makes it ready.
   *
   * @throws {NodeError} when it cannot listen
   */
  static async listen(options: NodeOptions): Promise<MeshNode> {
    const { config, configPath, log } = options;
    providePluginApi();
    const tls = config.server.tls === undefined ? undefined : readTls(config.server.tls);
    const endpoint = await listen(config, tls, log);
    const plugins = new PluginHost({
      nodeName: config.node.name,
      endpoint,
      log,
      folders: pluginFolders(configPath),
    });
    const node = new MeshNode(options, { endpoint, tls, plugins });
    try {
      node.#serveAdmin();
    } catch (error) {
      await endpoint.close(0);
      throw error;
    }
    log.info("listening", {
      node: config.node.name,
      ccp: formatAddress({ host: endpoint.hostname, port: endpoint.port }),
      admin: node.adminUrl,
      version: VERSION,
      pid: process.pid,
    });
    return node;
  }

  private constructor({ config, log }: NodeOptions, { endpoint, tls, plugins }: NodeParts) {
    this.#config = config;
    this.#log = log;
    this.#uncaught = limited(log, ERRORS_LOGGED);
    this.#endpoint = endpoint;
    this.#tls = tls;
    this.plugins = plugins;
  }

  /** The port of the endpoint. */
  get port(): number {
    return this.#endpoint.port;
  }

  /** Where the admin address is served. */
  get adminUrl(): string {
    return this.#admin?.url ?? "";
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
    };
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
    await this.plugins.unloadAll();
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

  #serveAdmin(): void {
    const { host, port } = this.#config.admin;
    try {
      this.#admin = serveAdmin({
        host,
        port,
        token: () => this.#config.admin.token,
        node: this,
      });
    } catch (cause) {
      throw adminError(this.#config.admin, cause);
    }
  }
}

async function listen(
  config: NodeConfig,
  tls: ServerTls | undefined,
  log: Logger,
): Promise<Endpoint> {
  const { server } = config;
  const refusals = limited(log, REFUSALS_LOGGED);
  const failures = limited(log, ERRORS_LOGGED);
  const whitelist = await whitelistOf(server, log);
  try {
    return await Endpoint.listen({
      hostname: server.host,
      port: server.port,
      whitelist,
      limits: fittingLimits(config.limits, log),
      ...(tls === undefined ? {} : { tls }),
      onRefused: (reason, { host: address }) => {
        const { level, text } = REFUSAL_LINES[reason];
        refusals[level](`${reason} ${address}`, text, { reason, address });
      },
      onReceiverError: (error, { name, owner, address }) => {
        const key = `${owner} ${name} ${errorText(error)}`;
        failures.error(key, `${owner} failed while it answered "${name}"`, {
          address: formatAddress(address),
          at: errorPlace(error),
          error,
        });
      },
      onInternalError: (error) => {
        log.error("a connection was closed by a mistake in ccp-mesh; please report it", { error });
      },
    });
  } catch (error) {
    whitelist.close();
    throw listenError(error);
  }
}

function whitelistOf(server: ServerConfig, log: Logger): Promise<Whitelist> {
  return Whitelist.create(server.whitelist, {
    onUnresolved: (_host, error) => log.error(error.message),
  });
}

function readTls({ certPath, keyPath }: { certPath: string; keyPath: string }): ServerTls {
  try {
    return { cert: readFileSync(certPath, "utf8"), key: readFileSync(keyPath, "utf8") };
  } catch (cause) {
    const text = errorText(cause);
    throw new NodeError("tls_unusable", `[server] tls_cert or tls_key cannot be read: ${text}`, {
      cause,
    });
  }
}

function fittingLimits(limits: EndpointLimits, log: Logger): EndpointLimits {
  const allowed = connectionsAllowed();
  if (limits.connectionsMax <= allowed) return limits;
  log.warn("the system allows too few open files for connections_max; raise it with ulimit -n", {
    connectionsMax: limits.connectionsMax,
    takenAs: allowed,
  });
  return { ...limits, connectionsMax: allowed };
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
    ...(differs(before.limits, after.limits) ? ["[limits]"] : []),
    ...(differs(before.log, after.log) ? ["[log]"] : []),
  ];
}
