/** Bounds of one client. */
export interface RconLimits {
  /** From dialling to a connection. */
  readonly connectTimeoutMs: number;
  /** From the connection to the answer about the password. */
  readonly loginTimeoutMs: number;
  /** From the call to the whole reply, the wait for other commands included. */
  readonly requestTimeoutMs: number;
  /** Silence behind a part of a reply after which it is whole, if the server marks no end. */
  readonly quietMs: number;
  /** Commands that wait to be sent or for their replies. */
  readonly commandsMax: number;
  /** A reply, all its parts together; one packet is no longer either. */
  readonly replyBytesMax: number;
}

export const RCON_LIMITS: RconLimits = {
  // A server near by answers in milliseconds; one that changes its map may take seconds.
  connectTimeoutMs: 5_000,
  loginTimeoutMs: 5_000,
  requestTimeoutMs: 10_000,
  // The parts of a reply follow one another at once; the rest is for the network.
  quietMs: 500,
  // Enough for a burst of chat; more could hardly be answered within the time for a reply.
  commandsMax: 64,
  // Room for a list of all settings of a game; who plays, and what is said, takes a few KiB.
  replyBytesMax: 1024 * 1024,
};
