/** What a plugin is, and what it sees of its node. */

import type {
  Call,
  ClientCallbacks,
  DialOptions,
  Mode,
  RawClient,
  RawReceiverClass,
  Registration,
  RequestCallback,
  RequestClient,
} from "../src/index.ts";
import type { AdminRoute } from "./admin-routes.ts";
import type { DurableHandler } from "./durable/consumer.ts";
import type { Envelope } from "./envelope.ts";
import type { PluginGame } from "./game/game.ts";
import type { Logger } from "./log.ts";
import type {
  MeshRequestOptions,
  Message,
  Peer,
  PeerEvent,
  PresenceEvent,
  PresenceState,
  ServiceHandler,
  SubscribeOptions,
} from "./messaging/messenger.ts";
import type { PluginOutbox } from "./plugin-outbox.ts";
import type { PluginMetric } from "./plugin-reports.ts";
import type { SettingsReader } from "./settings-reader.ts";
import type { Subscription } from "./topics/subscription.ts";

/**
 * A subscription to iterate over; leaving the loop unsubscribes.
 *
 * ```ts
 * for await (const { from, payload } of node.subscribe("chat.>")) node.log.info(`${from}: ${payload}`);
 * ```
 */
export interface MessageSubscription extends Subscription, AsyncIterable<Message> {}

/** What nodes say of themselves. */
export interface PluginPresence {
  /**
   * What the plugin says of this node from now on, instead of what it said before; `undefined` for nothing. What
   * several plugins say is put together; where they use the same name, whoever spoke last counts.
   *
   * @throws {MeshError} `invalid_payload`
   */
  set(state: PresenceState | undefined): void;
  /** What each node says of itself, this one among them. */
  all(): ReadonlyMap<string, PresenceState>;
  /** What the node of this name says of itself; `undefined` if it is not there, or says nothing. */
  get(node: string): PresenceState | undefined;
  /** Calls back when a node says something new, or goes. */
  onChange(callback: (event: PresenceEvent) => void | Promise<void>): Registration;
}

export interface CallbackSubscribeOptions extends SubscribeOptions {
  /** Told what the callback threw; without it, that is logged. */
  readonly onCallbackError?: (error: unknown) => void;
}

export interface UnloadTaskOptions {
  /**
   * Milliseconds this task may take before the unload goes on without it; 1,205,000 at most, which is 20 minutes and
   * 5 seconds. The tasks of a plugin have the longest that one of them asks for, together. Default: 5000.
   */
  readonly graceMs?: number;
}

/**
 * The node, as one plugin sees it. Everything that is registered, dialled or timed through it is
 * undone when the plugin unloads; using it after that throws.
 */
export interface PluginNode {
  /** The node's name. */
  readonly name: string;
  /** The port of the node's endpoint. */
  readonly port: number;
  /** What the config says in `[plugin:NAME]`, as written; `{}` without such a section. Lists are left out. */
  readonly settings: Readonly<Record<string, string>>;
  /**
   * Reads the settings, lists among them, and tells at once of all that is wrong with them, unknown keys included.
   *
   * @throws {Error} that names them; thrown in `setup`, the plugin fails to load with that text
   */
  readSettings<Result>(read: (settings: SettingsReader) => Result): Result;
  /** Where the plugin keeps what must last: a folder of its own, which is made if it is not there. */
  dataFolder(): Promise<string>;
  /** Lines carry the plugin's name. */
  readonly log: Logger;
  /** Fires when the plugin unloads. */
  readonly signal: AbortSignal;

  /**
   * Answers request-based communications for `name`.
   *
   * @throws {CcpError} `name_taken`, which names the plugin that has it
   */
  onRequest(name: string, callback: RequestCallback): Registration;
  /**
   * Receives raw communications for `name`: an instance of `receiver` for each.
   *
   * @throws {CcpError} `name_taken`, which names the plugin that has it
   */
  onRaw(name: string, receiver: RawReceiverClass): Registration;

  /**
   * Messages on the topics that match, from every node of the mesh, this one among them: to iterate over, or one
   * after the other for `callback`. What the callback throws is logged, and the subscription goes on.
   *
   * @throws {MeshError} `invalid_topic`, `too_many_subscriptions`
   */
  subscribe(pattern: string, options?: SubscribeOptions): MessageSubscription;
  subscribe(
    pattern: string,
    callback: (message: Message) => void | Promise<void>,
    options?: CallbackSubscribeOptions,
  ): Subscription;

  /**
   * Sends bytes as they are, anything else as a MessagePack value, to every subscriber of the mesh, this
   * node's own among them. Answers `false` when a sender of much should wait for {@link drained}: what
   * would exceed the limit for a slow node is dropped for it, and counted.
   *
   * @throws {MeshError} `invalid_topic`, `invalid_payload`
   */
  publish(topic: string, payload: unknown): boolean;
  /**
   * As a message that is not lost: kept on the disk for each consumer of each node that is known to want it, and for
   * the collectors of this node, until they have it. Resolves once it is on the disk for all of them.
   *
   * @throws {MeshError} `invalid_topic`, `invalid_payload`; {OutboxError} where it could not be kept for all
   */
  publish(topic: string, payload: unknown, options: { readonly durable: true }): Promise<void>;
  /**
   * Publishes an event in an envelope, durably; answers the envelope.
   *
   * @throws as `publish`
   */
  collect(event: Pick<Envelope, "topic" | "type" | "payload">): Promise<Envelope>;
  /**
   * Lets `handler` have what is published durably on the topics that match, on any node: in order, one at a time, also
   * what came while the plugin, the node or the mesh was down. A message on which the handler fails comes again, five
   * times at most; then it is set aside. Removing the registration pauses the consumer; what comes is kept for it.
   * `name` is the consumer's own on this node, and the same at each start.
   *
   * @throws {CcpError} `name_taken`, `invalid_option`; {MeshError} `invalid_topic`; {OutboxError}
   */
  consume(name: string, pattern: string, handler: DurableHandler): Promise<Registration>;
  /** Takes a consumer out for good, with what is kept for it. */
  forgetConsumer(name: string): Promise<void>;
  /** What is kept on this node's disk until it is delivered. */
  readonly outbox: PluginOutbox;
  /** Resolves once there is room for every node again. */
  drained(): Promise<void>;

  /**
   * Asks a service of a node, or of {@link ANY_NODE} that offers it. The answer is whatever the other side has chosen:
   * check it.
   *
   * @throws {MeshError} `unknown_node`, `unknown_service`, `request_timeout`, `remote_failure`, `remote_busy`,
   *   `node_lost`, `queue_full`, `too_many_requests`, `cancelled`, `invalid_topic`, `invalid_payload`
   */
  request(
    node: string,
    service: string,
    payload: unknown,
    options?: MeshRequestOptions,
  ): Promise<unknown>;
  /**
   * Answers requests of every node of the mesh for `service`, with bytes as they are and anything else as a MessagePack
   * value. What the handler throws reaches the requester as `remote_failure`, and is logged, unless it is a
   * `MeshError` of that code: that is an answer, not a mistake.
   *
   * @throws {MeshError} `name_taken`, which names the plugin that has it, or `invalid_topic`
   */
  serve(service: string, handler: ServiceHandler): Registration;

  readonly presence: PluginPresence;

  /** The other nodes of the mesh that are up. */
  peers(): readonly Peer[];
  /** Calls back when a node comes up or goes down. */
  onPeer(callback: (event: PeerEvent) => void | Promise<void>): Registration;

  /** The game that the node stands beside. */
  readonly game: PluginGame;

  /**
   * What the plugin tells of itself in `/api/status`, under its name: called for each look at it, so keep it cheap.
   *
   * @throws {CcpError} `name_taken` at the second time
   */
  onStatus(report: () => unknown): Registration;
  /**
   * What the plugin counts, for `/metrics`.
   *
   * @throws {CcpError} `name_taken` at the second time
   */
  onMetrics(report: () => readonly PluginMetric[]): Registration;
  /**
   * Answers a path of the admin address, to whoever may ask the node itself there.
   *
   * @throws {CcpError} `name_taken`, which names who answers it already, or `invalid_option`
   */
  onAdmin(route: AdminRoute): Registration;

  /** Dials another endpoint, in the style of callbacks. */
  dial(options: DialOptions & { readonly mode: Mode }, callbacks?: ClientCallbacks): Call;
  /** Dials another endpoint; see {@link RequestClient.connect} for the errors. */
  connectRequest(options: DialOptions): Promise<RequestClient>;
  /** Dials another endpoint; see {@link RawClient.connect} for the errors. */
  connectRaw(options: DialOptions): Promise<RawClient>;

  /**
   * Runs `task` once. What it throws is logged.
   *
   * @throws {CcpError} `invalid_option` for a delay that no timer keeps
   */
  after(delayMs: number, task: () => void | Promise<void>): Registration;
  /**
   * Runs `task` again and again, never twice at once. What it throws is logged.
   *
   * @throws {CcpError} `invalid_option` for an interval that no timer keeps
   */
  every(intervalMs: number, task: () => void | Promise<void>): Registration;
  /**
   * Runs `task` when the plugin unloads, before all else is undone; the last one added runs first.
   *
   * @throws {CcpError} `cancelled` once the plugin is being unloaded; `invalid_option` for a `graceMs` out of range
   */
  onUnload(task: () => void | Promise<void>, options?: UnloadTaskOptions): void;
}

export interface Plugin {
  /** Unlike every other plugin's on the same node. */
  readonly name: string;
  /** Called once a load. When it throws, what it had registered is undone. */
  setup(node: PluginNode): void | Promise<void>;
}

/**
 * The default export of a plugin's module.
 *
 * ```ts
 * import { definePlugin } from "ccp-mesh";
 *
 * export default definePlugin({
 *   name: "roll-call",
 *   setup(node) {
 *     node.subscribe("game.round.start", ({ from }) => node.log.info(`a round starts on ${from}`));
 *     node.onRequest("round", () => {
 *       node.publish("game.round.start", { at: new Date() });
 *       return "told";
 *     });
 *   },
 * });
 * ```
 */
export function definePlugin(plugin: Plugin): Plugin {
  return plugin;
}
