/** Every bound of the protocol library: its default, its unit and the reason for both. */

import { CcpError } from "./errors.ts";
import { MESSAGE_BYTES_MAX } from "./protocol.ts";

const KiB = 1024;
const MiB = 1024 * KiB;

/** What an endpoint allows its clients. Names end in their unit; a plain `Max` counts things. */
export interface EndpointLimits {
  /** Connections open at once, all addresses together. */
  readonly connectionsMax: number;
  /** Connections open at once from one address. */
  readonly connectionsPerAddressMax: number;
  /** Connections yet to start a communication, all addresses together; past it the oldest give way after 100 ms. */
  readonly pendingMax: number;
  /** Connections yet to start a communication, from one address; past it the oldest give way after 100 ms. */
  readonly pendingPerAddressMax: number;
  /** Time a connection has to start a communication. */
  readonly startTimeoutMs: number;
  /** Time a request-based communication may be silent; 0 lets it be silent for ever. */
  readonly idleTimeoutMs: number;
  /** Silence after which a request-based communication makes room for a newcomer where a cap is reached. */
  readonly idleEvictionMs: number;
  /** Silence in both directions after which a raw communication does so. */
  readonly rawIdleEvictionMs: number;
  /** Time for a message to arrive whole once its first byte has. */
  readonly messageTimeoutMs: number;
  /** Time a request callback has to answer, and a raw receiver to handle a message. */
  readonly callbackTimeoutMs: number;
  /** Time a client may take nothing of what is queued for it. */
  readonly sendStallTimeoutMs: number;
  /** Time for what is in flight to be answered once the endpoint closes. */
  readonly drainTimeoutMs: number;
  /** Time a client has to end or close once it was told that the communication is over. */
  readonly closeTimeoutMs: number;
  /** Longest message before a communication is accepted, code included. */
  readonly startBytesMax: number;
  /** Longest message of an accepted communication, code included. */
  readonly messageBytesMax: number;
  /** Requests of one communication being answered at once; at it the endpoint stops reading. */
  readonly requestsInFlightMax: number;
  /** Bytes of requests of one communication being answered at once; at it the endpoint stops reading. */
  readonly requestBytesInFlightMax: number;
  /** Queued bytes of one connection at which `sendData` answers `false` and requests are not read. */
  readonly sendHighWaterBytes: number;
  /** Queued bytes of one connection at which it is closed for not reading. */
  readonly sendQueueBytesMax: number;
  /** Bytes that all connections together may hold in partial messages, requests in flight and queues. */
  readonly memoryBytesMax: number;
}

export const DEFAULT_ENDPOINT_LIMITS: EndpointLimits = {
  // Far above any game server's need, and below the usual limit of 8,192 or more open files.
  connectionsMax: 4096,
  // A collector or panel holds a few; one abandoned script must not take the whole port.
  connectionsPerAddressMax: 256,
  // The rest of connectionsMax stays for those who have said what they want.
  pendingMax: 512,
  // Well-behaved clients start within a round trip, so few of one address are pending at once.
  pendingPerAddressMax: 64,
  // Ten round trips on a bad line; long enough for a TLS handshake too.
  startTimeoutMs: 3000,
  // A person at a prompt may think for minutes; a forgotten script must not stay for days.
  idleTimeoutMs: 600_000,
  // Whoever is in the middle of something says the next thing sooner; whoever is not can dial again.
  idleEvictionMs: 10_000,
  // A feed may have nothing to say for minutes; one that matters says something within five.
  rawIdleEvictionMs: 300_000,
  // The longest message over a line of 1.2 Mbit/s.
  messageTimeoutMs: 120_000,
  // A plugin that asks a database or a web service is done or broken by then.
  callbackTimeoutMs: 30_000,
  // Longer than a game server's map change, during which its thread may not read.
  sendStallTimeoutMs: 30_000,
  // As long as a callback may take.
  drainTimeoutMs: 30_000,
  // One round trip and a flush, with plenty to spare.
  closeTimeoutMs: 5000,
  // A plugin name and its code take tens of bytes.
  startBytesMax: 4 * KiB,
  // All the protocol allows, as the original did.
  messageBytesMax: MESSAGE_BYTES_MAX,
  // Hides a callback's latency of 10 ms at 100,000 requests a second.
  requestsInFlightMax: 1024,
  // One message of the greatest size.
  requestBytesInFlightMax: 16 * MiB,
  // Several round trips' worth for a fast local link; small beside the memory of a game server.
  sendHighWaterBytes: MiB,
  // Two messages of the greatest size, so that one never closes a healthy connection.
  sendQueueBytesMax: 32 * MiB,
  // What a game server's machine can spare in the worst case.
  memoryBytesMax: 256 * MiB,
};

/** What a dialling client allows itself and the endpoint it talks to. */
export interface ClientLimits {
  /** Time for the TCP connection, and the TLS handshake where there is one. */
  readonly connectTimeoutMs: number;
  /** Time from the connection to the endpoint's acceptance. */
  readonly acceptTimeoutMs: number;
  /** Time for a reply, unless the request says otherwise. */
  readonly requestTimeoutMs: number;
  /** Time for the endpoint to take some of what is queued, or to close, once the client has ended. */
  readonly closeTimeoutMs: number;
  /** Longest message taken from the endpoint, code included. */
  readonly messageBytesMax: number;
  /** Requests that may wait for their replies at once. */
  readonly requestsInFlightMax: number;
  /** Received bytes that may wait for a reader of `for await`; at it the client stops reading. */
  readonly receiveHighWaterBytes: number;
  /** Queued bytes at which `send` answers `false`. */
  readonly sendHighWaterBytes: number;
  /** Queued bytes past which `send` and `request` refuse with `send_queue_full`. */
  readonly sendQueueBytesMax: number;
}

export const DEFAULT_CLIENT_LIMITS: ClientLimits = {
  // One lost SYN is repeated after 1 s, a second after 3 s.
  connectTimeoutMs: 5000,
  // An endpoint answers at once; a busy game server may skip a few frames.
  acceptTimeoutMs: 5000,
  // Above the endpoint's own default for a callback, so that its answer arrives first.
  requestTimeoutMs: 35_000,
  // The same as the endpoint's.
  closeTimeoutMs: 5000,
  // All the protocol allows, as the original did.
  messageBytesMax: MESSAGE_BYTES_MAX,
  // A burst of some seconds; each costs about 200 bytes here.
  requestsInFlightMax: 16_384,
  // A reader that lags holds this much and one chunk more.
  receiveHighWaterBytes: MiB,
  // The same as the endpoint's.
  sendHighWaterBytes: MiB,
  // The same as the endpoint's.
  sendQueueBytesMax: 32 * MiB,
};

/** Timers count in 31 bits; longer ones fire at once. */
export const TIMEOUT_MS_MAX = 0x7f_ff_ff_ff;

/** The values that a limit may have, ends included, where they are not 1 to the greatest of its unit. */
const RANGES: Readonly<Record<string, { readonly min: number; readonly max: number }>> = {
  idleTimeoutMs: { min: 0, max: TIMEOUT_MS_MAX },
  // A code and the longest name.
  startBytesMax: { min: 256, max: MESSAGE_BYTES_MAX },
  messageBytesMax: { min: 16, max: MESSAGE_BYTES_MAX },
  // Less would not hold one small block of a queue and a little of what arrives.
  memoryBytesMax: { min: 8 * KiB, max: Number.MAX_SAFE_INTEGER },
};

/** The range, ends included, that the limit of this name may have. */
export function limitRange(name: string): { readonly min: number; readonly max: number } {
  const max = name.endsWith("Ms") ? TIMEOUT_MS_MAX : Number.MAX_SAFE_INTEGER;
  return RANGES[name] ?? { min: 1, max };
}

/**
 * `changes` over `defaults`, checked.
 *
 * @throws {CcpError} `invalid_option` that names the limit and its range
 */
export function withLimits<Limits extends EndpointLimits | ClientLimits>(
  defaults: Limits,
  changes: Readonly<Partial<Limits>> | undefined,
): Limits {
  const limits = { ...defaults, ...changes };
  for (const name in limits) {
    const value: unknown = limits[name];
    const { min, max } = limitRange(name);
    if (!(name in defaults)) {
      throw new CcpError("invalid_option", `limits.${name} is not a limit`);
    }
    if (typeof value !== "number" || !Number.isInteger(value) || value < min || value > max) {
      throw new CcpError(
        "invalid_option",
        `limits.${name} must be a whole number from ${min} to ${max}, not ${String(value)}`,
      );
    }
  }
  return limits;
}
