/** What one connection to an external console may hold or wait for: each bound and its reason. */

const KiB = 1024;

/** What the game's chat shows of a line. */
export const SAY_BYTES_MAX = 255;

/** The console keeps 1,024 of a command; without its end a longer one is another. */
export const COMMAND_BYTES_MAX = 1000;

/** Twice the longest line that a server sends, which is 1,023 bytes. */
export const LINE_BYTES_MAX: number = 2 * KiB;

/** Lines that wait for the names of players: seconds of a full server's chat, which come in a few milliseconds. */
export const HELD_LINES_MAX = 256;

/** Twice the players of the largest servers there are. */
export const PLAYERS_MAX = 256;

/** What waits to be taken by the server: more than a hundred lines; it reads 1,400 bytes in each of 50 turns a second. */
export const QUEUE_BYTES_MAX: number = 64 * KiB;

/** The game keeps at most 127 bytes of a password. */
export const PASSWORD_BYTES_MAX = 127;

/** From the dial to the end of the login: a server answers within a turn of 20 ms, unless it loads a map. */
export const LOGIN_TIMEOUT_MS = 10_000;

/** For an answer to what is asked of the server: the longest map takes less to load. */
export const ANSWER_TIMEOUT_MS = 15_000;

/** Between two checks that the server still answers; each also puts right what is known of its players. */
export const CHECK_INTERVAL_MS = 30_000;
