/**
 * CCP, the Custom Communication Port protocol: an endpoint that plugins share, clients that dial it,
 * and MessagePack over both. Knows no node, no config and no console; usable in any Bun program.
 */

export { type Address, formatAddress, normalizeHost, parseAddress } from "./address.ts";
export { Backoff, type BackoffOptions } from "./backoff.ts";
export type { ClientCallbacks } from "./client-callbacks.ts";
export type { ReceiverErrorContext } from "./communication.ts";
export { type EndpointCounters, REFUSAL_REASONS, type RefusalReason } from "./counters.ts";
export { Call, type DialOptions, dial } from "./dial.ts";
export { type DialUpgradeOptions, dialUpgrade } from "./dial-upgrade.ts";
export { Endpoint } from "./endpoint.ts";
export type { EndpointOptions, EndpointStatus } from "./endpoint-options.ts";
export { CcpError, type CcpErrorCode } from "./errors.ts";
export { Fifo } from "./fifo.ts";
export { FrameDecoder, type FrameHandler, NO_CODE } from "./frame-decoder.ts";
export { encodeFrame } from "./frame-encoder.ts";
export {
  type ClientLimits,
  DEFAULT_CLIENT_LIMITS,
  DEFAULT_ENDPOINT_LIMITS,
  type EndpointLimits,
  limitRange,
} from "./limits.ts";
export { decode, ExtData, encode } from "./messagepack.ts";
export {
  MessagePackReceiver,
  type MessagePackRequestOptions,
  MessagePackStream,
  messagePackCallback,
  messagePackRequest,
  type Parse,
} from "./messagepack-communication.ts";
export { DEFAULT_DECODE_LIMITS, type DecodeLimits } from "./messagepack-limits.ts";
export { isPromiseLike } from "./promise-like.ts";
export {
  ClientCode,
  DATA_BYTES_MAX,
  MESSAGE_BYTES_MAX,
  type Mode,
  ServerCode,
} from "./protocol.ts";
export { RawClient } from "./raw-client.ts";
export {
  type RawChannel,
  type RawCloseReason,
  RawReceiver,
  type RawReceiverClass,
  type Registration,
  type Reply,
  type RequestCallback,
} from "./receivers.ts";
export { RequestClient, type RequestOptions } from "./request-client.ts";
export { SendQueue, type SendQueueOwner } from "./send-queue.ts";
export type { ClientTls, ServerTls, UpgradeTls } from "./tls-options.ts";
export type { SecureTransport, Transport, TransportHandler } from "./transport.ts";
export type { UpgradedConnection, UpgradedHandler, UpgradeReceiver } from "./upgrades.ts";
export { Whitelist, type WhitelistOptions } from "./whitelist.ts";
export { parseWhitelistEntry } from "./whitelist-entry.ts";
