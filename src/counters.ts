/**
 * Why an endpoint closed a connection, or ended a communication, of its own accord.
 *
 * | reason | it means |
 * |---|---|
 * | `not_whitelisted` | a stranger, closed without a byte |
 * | `tls_failed` | no TLS handshake, or no client certificate where one is asked for |
 * | `connections_max` | too many connections in all |
 * | `connections_per_address_max` | too many connections from one address |
 * | `pending_max` | the connection that had waited longest to start made room for a newer one |
 * | `idle_eviction` | a communication that was silent, or over, made room where a cap was reached |
 * | `start_timeout` | no communication was started in time |
 * | `message_too_large` | a header claimed more than is allowed |
 * | `message_timeout` | a message did not arrive whole in time |
 * | `protocol_error` | the client sent what the protocol does not allow |
 * | `idle_timeout` | a request-based communication was silent for too long |
 * | `callback_timeout` | a request callback did not answer in time |
 * | `close_timeout` | the client did not end or close once it was told to |
 * | `send_stalled` | the client took nothing of what was queued for it for too long |
 * | `send_queue_full` | too much was queued for a client that reads too slowly |
 * | `memory_max` | all connections together held as much memory as they may, and this one most |
 */
export const REFUSAL_REASONS = [
  "not_whitelisted",
  "tls_failed",
  "connections_max",
  "connections_per_address_max",
  "pending_max",
  "idle_eviction",
  "start_timeout",
  "message_too_large",
  "message_timeout",
  "protocol_error",
  "idle_timeout",
  "callback_timeout",
  "close_timeout",
  "send_stalled",
  "send_queue_full",
  "memory_max",
] as const;
export type RefusalReason = (typeof REFUSAL_REASONS)[number];

/** What an endpoint counts since it started listening. */
export interface EndpointCounters {
  /** Connections that passed the whitelist and the caps. */
  connections: number;
  /** Communications accepted. */
  communications: number;
  messagesIn: number;
  messagesOut: number;
  bytesIn: number;
  /** Bytes of messages queued to be sent. */
  bytesOut: number;
  /** Communications refused because no plugin of that name and mode was there. */
  nobodyHome: number;
  /** Receivers that threw, rejected or answered something that cannot be sent. */
  receiverErrors: number;
  readonly refusals: Record<RefusalReason, number>;
}

export function newCounters(): EndpointCounters {
  return {
    connections: 0,
    communications: 0,
    messagesIn: 0,
    messagesOut: 0,
    bytesIn: 0,
    bytesOut: 0,
    nobodyHome: 0,
    receiverErrors: 0,
    refusals: {
      not_whitelisted: 0,
      tls_failed: 0,
      connections_max: 0,
      connections_per_address_max: 0,
      pending_max: 0,
      idle_eviction: 0,
      start_timeout: 0,
      message_too_large: 0,
      message_timeout: 0,
      protocol_error: 0,
      idle_timeout: 0,
      callback_timeout: 0,
      close_timeout: 0,
      send_stalled: 0,
      send_queue_full: 0,
      memory_max: 0,
    },
  };
}
