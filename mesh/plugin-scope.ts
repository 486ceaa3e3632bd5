import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import {
  type Call,
  CcpError,
  type ClientCallbacks,
  type DialOptions,
  dial,
  type Endpoint,
  type Mode,
  RawClient,
  type RawReceiverClass,
  type Registration,
  type RequestCallback,
  RequestClient,
} from "../src/index.ts";
import { AdminProblem, type AdminRoute, AdminRoutes } from "./admin-routes.ts";
import { isBuiltInName } from "./built-in-names.ts";
import { DELAY_MS_MAX } from "./clock.ts";
import { errorPlace } from "./error-place.ts";
import type { DurableHandler } from "./durable/consumer.ts";
import type { Durable } from "./durable/durable.ts";
import { type Envelope, newEnvelope } from "./envelope.ts";
import type { PluginGame } from "./game/game.ts";
import { GameHub } from "./game/game-hub.ts";
import type { Logger } from "./log.ts";
import type {
  MeshRequestOptions,
  Message,
  Messenger,
  Peer,
  PeerEvent,
  ServiceHandler,
  SubscribeOptions,
} from "./messaging/messenger.ts";
import type {
  CallbackSubscribeOptions,
  MessageSubscription,
  PluginNode,
  PluginPresence,
  UnloadTaskOptions,
} from "./plugin.ts";
import { HeldGame } from "./plugin-game.ts";
import { PluginHoldings } from "./plugin-holdings.ts";
import { PluginMessaging } from "./plugin-messaging.ts";
import { HeldOutbox, type PluginOutbox } from "./plugin-outbox.ts";
import { type PluginMetric, PluginReports } from "./plugin-reports.ts";
import { SettingsReader, type WrittenSettings } from "./settings-reader.ts";
import type { Subscription } from "./topics/subscription.ts";

export interface PluginScopeOptions {
  readonly nodeName: string;
  readonly plugin: string;
  readonly settings: WrittenSettings;
  readonly log: Logger;
  readonly endpoint: Pick<Endpoint, "onRequest" | "onRaw" | "port">;
  readonly messenger: Messenger;
  readonly durable: DurablePublisher;
  /** The node's game. Default: one of the plugin's own. */
  readonly game?: GameHub;
  /** Default: answered to nobody. */
  readonly routes?: AdminRoutes;
  /** `[node] data`. Default: the working folder's `data`. */
  readonly dataFolder?: string;
}

/** What a plugin needs of what is kept on the disk. */
export type DurablePublisher = Pick<
  Durable,
  "publish" | "consume" | "forget" | "open" | "use" | "tap"
>;

/** The node, as it is given to one plugin. */
export class PluginScope implements PluginNode {
  readonly name: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly log: Logger;
  readonly #endpoint: PluginScopeOptions["endpoint"];
  readonly #held: PluginHoldings;
  readonly #messaging: PluginMessaging;
  readonly game: PluginGame;
  readonly outbox: PluginOutbox;
  readonly #durable: DurablePublisher;
  readonly reports: PluginReports;
  readonly #plugin: string;
  readonly #written: WrittenSettings;
  readonly #routes: AdminRoutes;
  readonly #dataFolder: string;

  constructor(options: PluginScopeOptions) {
    const { nodeName, plugin, settings, log, endpoint, messenger, durable } = options;
    const { game = new GameHub(), routes = new AdminRoutes(), dataFolder = "data" } = options;
    this.name = nodeName;
    this.settings = singleValues(settings);
    this.log = log;
    this.#plugin = plugin;
    this.#written = settings;
    this.#endpoint = endpoint;
    this.#routes = routes;
    this.#dataFolder = dataFolder;
    this.#held = new PluginHoldings(plugin, log);
    this.#messaging = new PluginMessaging(messenger, this.#held);
    this.#durable = durable;
    this.outbox = new HeldOutbox(durable, plugin, this.#held);
    this.game = new HeldGame(game, messenger, this.#held);
    this.reports = new PluginReports(plugin, (what, error) => {
      this.#held.reportFailure(what, error);
    });
  }

  readSettings<Result>(read: (settings: SettingsReader) => Result): Result {
    const reader = new SettingsReader(this.#written);
    const result = read(reader);
    const section = isBuiltInName(this.#plugin) ? this.#plugin : `plugin:${this.#plugin}`;
    reader.refuseUnknown(`[${section}]`);
    if (reader.problems.length === 0) return result;
    const texts = reader.problems.map(({ key, text }) => `[${section}] ${key} ${text}`);
    throw new Error(texts.join("; "));
  }

  async dataFolder(): Promise<string> {
    this.#held.assertLoaded();
    const folder = join(this.#dataFolder, "plugins", this.#plugin);
    await mkdir(folder, { recursive: true });
    return folder;
  }

  onStatus(report: () => unknown): Registration {
    this.#held.assertLoaded();
    return this.#held.keep(this.reports.onStatus(report));
  }

  onMetrics(report: () => readonly PluginMetric[]): Registration {
    this.#held.assertLoaded();
    return this.#held.keep(this.reports.onMetrics(report));
  }

  onAdmin(route: AdminRoute): Registration {
    this.#held.assertLoaded();
    const answer: AdminRoute["answer"] = async (request) => {
      try {
        return await route.answer(request);
      } catch (error) {
        if (!(error instanceof AdminProblem)) this.#held.reportFailure(route.path, error);
        throw error;
      }
    };
    const { method, path, summary } = route;
    return this.#held.keep(this.#routes.add({ method, path, summary, answer }, this.#held.owner));
  }

  get port(): number {
    return this.#endpoint.port;
  }

  get signal(): AbortSignal {
    return this.#held.signal;
  }

  onRequest(name: string, callback: RequestCallback): Registration {
    this.#held.assertLoaded();
    return this.#held.keep(this.#endpoint.onRequest(name, callback, this.#held.owner));
  }

  onRaw(name: string, receiver: RawReceiverClass): Registration {
    this.#held.assertLoaded();
    return this.#held.keep(this.#endpoint.onRaw(name, receiver, this.#held.owner));
  }

  dial(options: DialOptions & { readonly mode: Mode }, callbacks: ClientCallbacks = {}): Call {
    this.#held.assertLoaded();
    this.#held.assertRoom();
    const call = dial(this.#bound(options), this.#guarded(callbacks));
    this.#held.keepUntil(call.closed, () => call.stop());
    return call;
  }

  async connectRequest(options: DialOptions): Promise<RequestClient> {
    this.#held.assertLoaded();
    const client = await RequestClient.connect(this.#bound(options));
    this.#held.keepUntil(client.over, () => void client.close());
    return client;
  }

  async connectRaw(options: DialOptions): Promise<RawClient> {
    this.#held.assertLoaded();
    const client = await RawClient.connect(this.#bound(options));
    this.#held.keepUntil(client.over, () => void client.close());
    return client;
  }

  after(delayMs: number, task: () => void | Promise<void>): Registration {
    this.#held.assertLoaded();
    this.#assertDelay(delayMs);
    const timer = setTimeout(() => {
      registration.remove();
      void this.#held.run("timer", task);
    }, delayMs);
    const registration = this.#held.keep({ remove: () => clearTimeout(timer) });
    return registration;
  }

  every(intervalMs: number, task: () => void | Promise<void>): Registration {
    this.#held.assertLoaded();
    this.#assertDelay(intervalMs);
    let running = false;
    const timer = setInterval(() => {
      if (running) {
        return;
      }
      running = true;
      void this.#held.run("timer", task).then(() => {
        running = false;
      });
    }, intervalMs);
    return this.#held.keep({ remove: () => clearInterval(timer) });
  }

  onUnload(task: () => void | Promise<void>, options?: UnloadTaskOptions): void {
    this.#held.assertLoaded();
    this.#held.onUnload(task, options);
  }

  subscribe(pattern: string, options?: SubscribeOptions): MessageSubscription;
  subscribe(
    pattern: string,
    callback: (message: Message) => void | Promise<void>,
    options?: CallbackSubscribeOptions,
  ): Subscription;
  subscribe(
    pattern: string,
    how?: SubscribeOptions | ((message: Message) => void | Promise<void>),
    options?: CallbackSubscribeOptions,
  ): Subscription {
    return typeof how === "function"
      ? this.#messaging.callBack(pattern, how, options)
      : this.#messaging.iterate(pattern, how);
  }

  publish(topic: string, payload: unknown): boolean;
  publish(topic: string, payload: unknown, options: { readonly durable: true }): Promise<void>;
  publish(
    topic: string,
    payload: unknown,
    options?: { readonly durable: true },
  ): boolean | Promise<void> {
    if (options === undefined) return this.#messaging.publish(topic, payload);
    return this.#publishDurably(topic, payload);
  }

  async collect(event: Pick<Envelope, "topic" | "type" | "payload">): Promise<Envelope> {
    const envelope = newEnvelope({ ...event, node: this.name });
    await this.#publishDurably(envelope.topic, envelope);
    return envelope;
  }

  async consume(name: string, pattern: string, handler: DurableHandler): Promise<Registration> {
    this.#held.assertLoaded();
    return await this.#durable.consume(name, pattern, handler, (registration) =>
      this.#held.keepDrained(registration),
    );
  }

  async forgetConsumer(name: string): Promise<void> {
    this.#held.assertLoaded();
    await this.#durable.forget(name);
  }

  async #publishDurably(topic: string, payload: unknown): Promise<void> {
    this.#held.assertLoaded();
    await this.#durable.publish(topic, payload);
  }

  drained(): Promise<void> {
    return this.#messaging.drained();
  }

  request(
    node: string,
    service: string,
    payload: unknown,
    options?: MeshRequestOptions,
  ): Promise<unknown> {
    return this.#messaging.request(node, service, payload, options);
  }

  serve(service: string, handler: ServiceHandler): Registration {
    return this.#messaging.serve(service, handler);
  }

  get presence(): PluginPresence {
    return this.#messaging.presence;
  }

  peers(): readonly Peer[] {
    return this.#messaging.peers();
  }

  onPeer(callback: (event: PeerEvent) => void | Promise<void>): Registration {
    return this.#messaging.onPeer(callback);
  }

  /** Lets the handlers of its consumers end what they are at, for a limited time; they get nothing more. */
  drain(): Promise<void> {
    return this.#held.drain();
  }

  /** Undoes everything. Tasks that take longer than `graceMs` together are left behind. */
  unload(graceMs: number): Promise<void> {
    return this.#held.unload(graceMs);
  }

  #assertDelay(delayMs: number): void {
    if (delayMs >= 0 && delayMs <= DELAY_MS_MAX) {
      return;
    }
    const text = `${this.#held.owner}: a timer takes 0 to ${DELAY_MS_MAX} milliseconds, not ${delayMs}`;
    throw new CcpError("invalid_option", text);
  }

  /** Dialling ends with the plugin, too. */
  #bound<Options extends DialOptions>(options: Options): Options {
    return { ...options, signal: this.#held.signalWith(options.signal) };
  }

  /** A callback that throws is the plugin's mistake, not the node's end. */
  #guarded(callbacks: ClientCallbacks): ClientCallbacks {
    // One by one, because the callbacks may be methods of a class.
    return {
      onConnected: () => callbacks.onConnected?.(),
      onAccepted: () => callbacks.onAccepted?.(),
      onData: (data) => callbacks.onData?.(data),
      onEnd: () => callbacks.onEnd?.(),
      onNobodyHome: () => callbacks.onNobodyHome?.(),
      onCommunicationError: () => callbacks.onCommunicationError?.(),
      onProtocolError: () => callbacks.onProtocolError?.(),
      onConnectionError: (error) => callbacks.onConnectionError?.(error),
      onAbort: (error) => callbacks.onAbort?.(error),
      onCallbackError: (error) => this.#onCallbackError(callbacks, error),
    };
  }

  #onCallbackError(callbacks: ClientCallbacks, error: unknown): void {
    if (callbacks.onCallbackError === undefined) {
      this.log.error("a callback failed", { at: errorPlace(error), error });
      return;
    }
    try {
      callbacks.onCallbackError(error);
    } catch (failure) {
      this.log.error("a callback failed", { at: errorPlace(failure), error: failure });
    }
  }
}

/** A key that a plugin asks for and nobody wrote must not be found in a prototype. */
function singleValues(settings: WrittenSettings): Readonly<Record<string, string>> {
  const values: Record<string, string> = Object.create(null);
  for (const [key, value] of Object.entries(settings)) {
    if (typeof value === "string") values[key] = value;
  }
  return values;
}
