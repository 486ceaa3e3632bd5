/** Every bound of the client: its default, its unit and the reason. */

const KiB = 1024;

/** As the game's own for one packet; what older servers send is at most 1,460 bytes long. */
export const FRAME_BYTES_MAX = 32_767;

/** The game cuts a line of chat here, a NUL behind it. */
export const CHAT_BYTES_MAX = 899;

/**
 * The name of a network or a server elsewhere. With the user and the text it stays below 1,460 bytes, in
 * which the server must be able to pass it on.
 */
export const SOURCE_BYTES_MAX = 64;

/** As the longest name of a player in the games that are joined. */
export const USER_BYTES_MAX = 128;

/** The game cuts a command here, and a cut command is another one: longer ones are refused. */
export const COMMAND_BYTES_MAX = 499;

/** The game's own, its NUL not counted: what is longer would be cut, and then differ. */
export const PASSWORD_BYTES_MAX = 32;

/** Twice as many as a server lets in. */
export const PLAYERS_MAX = 512;

export interface OpenttdLimits {
  /** Time for the connection to be made. */
  readonly connectTimeoutMs: number;
  /** Time from then on until the server has let the client in and told who plays. */
  readonly joinTimeoutMs: number;
  /** Time between an answer to a ping and the next ping. */
  readonly pingIntervalMs: number;
  /** Time for a ping to be answered. */
  readonly pingTimeoutMs: number;
  /** Time for a command to be answered, unless the command says otherwise. */
  readonly rconTimeoutMs: number;
  /** Commands that may wait for their answers. */
  readonly rconCommandsMax: number;
  /** Characters of an answer that are kept. */
  readonly rconReplyCharsMax: number;
  /** Bytes that may wait to be taken by the server. */
  readonly queueBytesMax: number;
  /** Time for the goodbye to be taken and the connection to close. */
  readonly closeTimeoutMs: number;
}

export const DEFAULT_OPENTTD_LIMITS: OpenttdLimits = {
  // Some round trips on a bad line.
  connectTimeoutMs: 5000,
  // As long as the server itself waits for who joins.
  joinTimeoutMs: 10_000,
  // Often enough that an owner hears of a dead server before its players ask.
  pingIntervalMs: 10_000,
  // A server that makes or loads a large map answers nothing meanwhile.
  pingTimeoutMs: 60_000,
  // As above, but for one who waits for it.
  rconTimeoutMs: 10_000,
  // A person or a script asks one after the other.
  rconCommandsMax: 32,
  // Several times the longest list that the console prints.
  rconReplyCharsMax: 64 * KiB,
  // Sixty lines of the greatest length; more is a server that hangs.
  queueBytesMax: 64 * KiB,
  // The time a server takes to notice.
  closeTimeoutMs: 2000,
};
