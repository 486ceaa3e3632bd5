/** What a connection of an endpoint goes through. */

/**
 * | state | it means |
 * |---|---|
 * | `awaiting-start` | nothing that counts has been said |
 * | `awaiting-upgrade` | a stranger has said nothing yet, and may ask for an upgrade only |
 * | `open` | a communication goes on |
 * | `upgrading` | it goes on as TLS; as long as it is not established, it is pending |
 * | `upgraded` | it belongs to whoever established it |
 * | `awaiting-end` | the client was told that it is over; only its end is expected |
 * | `closing` | what is queued is flushed, then the connection is shut down |
 * | `refused` | a stranger was shown the door; it is terminated in a moment |
 * | `closed` | nothing is left |
 */
export type ServerState =
  | "awaiting-start"
  | "awaiting-upgrade"
  | "open"
  | "upgrading"
  | "upgraded"
  | "awaiting-end"
  | "closing"
  | "refused"
  | "closed";

const NEXT_STATES: Readonly<Record<ServerState, readonly ServerState[]>> = {
  "awaiting-start": ["open", "upgrading", "awaiting-end", "closing", "closed"],
  "awaiting-upgrade": ["upgrading", "refused", "closed"],
  open: ["awaiting-end", "closing", "closed"],
  upgrading: ["upgraded", "closing", "closed"],
  upgraded: ["closed"],
  "awaiting-end": ["closing", "closed"],
  closing: ["closed"],
  refused: ["closed"],
  closed: [],
};

/** @throws {Error} a mistake of this library */
export function assertNext(state: ServerState, next: ServerState): void {
  if (!NEXT_STATES[state].includes(next)) {
    throw new Error(`a connection cannot go from ${state} to ${next}`);
  }
}
