/** What a connection that this side dialled goes through. */

/**
 * | state | it means |
 * |---|---|
 * | `starting` | the start was sent, the endpoint has not answered |
 * | `open` | accepted |
 * | `closing` | over; what is queued is flushed, then the connection is shut down |
 * | `closed` | nothing is left |
 */
export type ClientState = "starting" | "open" | "closing" | "closed";

const NEXT_STATES: Readonly<Record<ClientState, readonly ClientState[]>> = {
  starting: ["open", "closing", "closed"],
  open: ["closing", "closed"],
  closing: ["closed"],
  closed: [],
};

/** @throws {Error} a mistake of this library */
export function assertNext(state: ClientState, next: ClientState): void {
  if (!NEXT_STATES[state].includes(next)) {
    throw new Error(`a client connection cannot go from ${state} to ${next}`);
  }
}
