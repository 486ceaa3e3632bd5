/** What a game's plugin may send and have wait for it: each bound and its reason. [GAME-4] */

const KiB = 1024;

/** An `up` with a full server in it. */
export const MESSAGE_BYTES_MAX: number = 256 * KiB;

/** More than any server lets in. */
export const PLAYERS_MAX = 1000;

/** Several times the longest names that games allow. */
export const NAME_CHARS_MAX = 128;

/** Several times the longest line that a player can type. */
export const TEXT_CHARS_MAX = 4096;

/** Several times what games show of a line; the game's plugin cuts to what its own shows. */
export const SAY_BYTES_MAX: number = KiB;

/** What waits, beyond the endpoint's own `sendHighWaterBytes`, for a game that does not read: a hundred lines. */
export const QUEUE_BYTES_MAX: number = 128 * KiB;

/** What is wrong quotes what was sent. */
export const PROBLEM_CHARS_MAX = 200;

/** Messages in a row before the rest of the process has its turn: a millisecond of work. */
export const MESSAGES_PER_TURN = 64;
