/** What the log says of each connection that the endpoint refused or ended, and what to do about it. */

import type { RefusalReason } from "../src/index.ts";

export interface RefusalLine {
  /** `debug` for what happens every day and harms nobody. */
  readonly level: "debug" | "warn";
  readonly text: string;
}

const NO_CCP = "does it speak CCP? A TLS or HTTP client looks like this";

export const REFUSAL_LINES: Readonly<Record<RefusalReason, RefusalLine>> = {
  not_whitelisted: warn("refused: not on the whitelist, see [server] whitelist"),
  tls_failed: warn(
    "refused: no TLS handshake; a client that speaks plain TCP, or without a certificate",
  ),
  connections_max: warn("refused: too many connections in all, see [limits] connections_max"),
  connections_per_address_max: warn(
    "refused: too many connections from one address; does a script not close them? " +
      "See [limits] connections_per_address_max",
  ),
  pending_max: warn(
    "closed to make room: too many connections have started no communication; " +
      "a scan? See [limits] pending_max and pending_per_address_max",
  ),
  idle_eviction: debug("ended to make room: it was silent, see [limits] idle_eviction_ms"),
  start_timeout: warn(
    "closed: it started no communication in time; a health check should ask /healthz of the " +
      "admin address. See [limits] start_timeout_ms",
  ),
  message_too_large: warn(
    `closed: a message is longer than [limits] message_bytes_max or start_bytes_max; ${NO_CCP}`,
  ),
  message_timeout: warn(
    "closed: a message did not arrive whole in time, see [limits] message_timeout_ms",
  ),
  protocol_error: warn(`closed: it sent what the protocol does not allow; ${NO_CCP}`),
  idle_timeout: debug("ended: it was silent for too long, see [limits] idle_timeout_ms"),
  callback_timeout: warn(
    "ended: the plugin did not answer a request in time; see what it waits for, or [limits] " +
      "callback_timeout_ms",
  ),
  close_timeout: debug("closed: it did not close in time, see [limits] close_timeout_ms"),
  send_stalled: warn(
    "closed: it took nothing of what is queued for it; does the client hang? See [limits] " +
      "send_stall_timeout_ms",
  ),
  send_queue_full: warn(
    "closed: it reads more slowly than the plugin sends, see [limits] send_queue_bytes_max",
  ),
  memory_max: warn(
    "closed: all connections together held too much memory, and this one most, see [limits] " +
      "memory_bytes_max",
  ),
};

function warn(text: string): RefusalLine {
  return { level: "warn", text };
}

function debug(text: string): RefusalLine {
  return { level: "debug", text };
}
