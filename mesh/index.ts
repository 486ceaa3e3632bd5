/**
 * What plugins import from "ccp-mesh": how to define one, what it sees of the mesh, and the protocol library.
 *
 * ```ts
 * import { definePlugin } from "ccp-mesh";
 *
 * export default definePlugin({
 *   name: "greeter",
 *   setup(node) {
 *     node.onRequest("greeter", (_address, data) => `hello ${data.toString()}`);
 *   },
 * });
 * ```
 */

export {
  type Address,
  Backoff,
  type BackoffOptions,
  Call,
  CcpError,
  type CcpErrorCode,
  type ClientCallbacks,
  type ClientLimits,
  type ClientTls,
  type DecodeLimits,
  type DialOptions,
  decode,
  ExtData,
  encode,
  formatAddress,
  MessagePackReceiver,
  type MessagePackRequestOptions,
  MessagePackStream,
  type Mode,
  messagePackCallback,
  messagePackRequest,
  type Parse,
  parseAddress,
  type RawChannel,
  RawClient,
  type RawCloseReason,
  RawReceiver,
  type RawReceiverClass,
  type Registration,
  type Reply,
  type RequestCallback,
  RequestClient,
  type RequestOptions,
} from "../src/index.ts";
export { AdminProblem, type AdminRequest, type AdminRoute } from "./admin-routes.ts";
export { jsonOf } from "./admin-json.ts";
export { beginningOf, type CutOptions, cutLine, oneLine } from "./chat-text.ts";
export { type Cancel, type Clock, SYSTEM_CLOCK } from "./clock.ts";
export type { DurableHandler, DurableMessage } from "./durable/consumer.ts";
export type { Tap } from "./durable/taps.ts";
export { ENVELOPE_VERSION, type Envelope, isEnvelope, newEnvelope } from "./envelope.ts";
export { errorText } from "./error-text.ts";
export type {
  ChatAudience,
  GameEvent,
  GameLine,
  GamePlayer,
  GameProvider,
  GameRegistration,
  GameState,
  GameStatus,
  PluginGame,
  SayOutcome,
} from "./game/game.ts";
export { type GameServer, PLAYER_NAMES_MAX } from "./game/game-servers.ts";
export type { Logger } from "./log.ts";
export { MeshError, type MeshErrorCode } from "./mesh-error.ts";
export {
  ANY_NODE,
  type MeshRequestOptions,
  type Message,
  type PayloadKind,
  type Peer,
  type PeerEvent,
  type PresenceEvent,
  type PresenceState,
  type ServiceHandler,
  type ServiceRequest,
  type SubscribeOptions,
} from "./messaging/messenger.ts";
export {
  type CallbackSubscribeOptions,
  definePlugin,
  type MessageSubscription,
  type Plugin,
  type PluginNode,
  type PluginPresence,
  type UnloadTaskOptions,
} from "./plugin.ts";
export { OutboxError, type OutboxErrorCode } from "./outbox/outbox-error.ts";
export type { OutboxEntry, OutboxQueue, QueueStatus } from "./outbox/outbox-queue.ts";
export type { QueueOptions } from "./outbox/queue-options.ts";
export type { PluginOutbox } from "./plugin-outbox.ts";
export type { PluginMetric } from "./plugin-reports.ts";
export {
  type SettingProblem,
  SettingsReader,
  type WholeRange,
  type WrittenSettings,
} from "./settings-reader.ts";
export { assertPattern } from "./topics/topic.ts";
export type { SubscriptionQueueLimits } from "./topics/limits.ts";
export type { Subscription } from "./topics/subscription.ts";
