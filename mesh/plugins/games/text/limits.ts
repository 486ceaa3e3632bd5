/** What a game that is read by lines may hold or take: each bound and its reason. */

const KiB = 1024;

/** A line is cut here: many times the longest chat of any game. */
export const LINE_CHARS_MAX: number = 4 * KiB;

/** Of a player: as the longest names of the games that are joined, which have 128 bytes. */
export const NAME_CHARS_MAX = 128;

/** Twice the players of the largest servers there are; who comes later may speak all the same. */
export const PLAYERS_MAX = 512;

/** Patterns of one kind: a server has a handful of forms of its chat. */
export const PATTERNS_MAX = 16;

/** Characters of a pattern: several times what a line of a log takes. */
export const PATTERN_CHARS_MAX = 1000;

/** Instructions of a compiled pattern, by which the time for a line grows: 100 for a long pattern without `{n}`. */
export const PATTERN_INSTRUCTIONS_MAX = 1000;

/** Of a template of a command, in UTF-8. */
export const TEMPLATE_BYTES_MAX = 256;

/** Between two looks at a log file: no player notices it. */
export const FILE_POLL_MS = 100;

/** Between two looks while there is more to read. */
export const FILE_BUSY_POLL_MS = 10;

/** Of a file, at one look: what takes some tens of milliseconds with the slowest patterns. */
export const FILE_READ_BYTES_MAX: number = 64 * KiB;

/** Kept of what was read last, by which it is seen that the file is still the one: some lines, with their times. */
export const FILE_KNOWN_BYTES = 512;

/** What may be unread of a file before the older part is skipped: a second or more of it. */
export const FILE_BEHIND_BYTES_MAX: number = 1024 * KiB;

/** A body that the game posts: thousands of lines, where it posts one or some. */
export const BODY_BYTES_MAX: number = 256 * KiB;

/** Bodies that arrive at the same time, where a game posts one after the other. */
export const BODIES_MAX = 16;

/** A body arrives within a moment; whoever takes longer is no game. */
export const BODY_TIMEOUT_S = 10;

/** Commands in a row that RCON leaves unanswered, ten seconds each, until the game counts as gone. */
export const UNANSWERED_MAX = 3;
