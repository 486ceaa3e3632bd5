/** Bounds of what is known of a game and told of it: each with its reason. */

/** Characters of a line of the game in the status: enough to write a pattern by. */
export const LINE_SHOWN_CHARS_MAX = 300;

/** Characters of why a session was over, in the status and the log. */
export const REASON_CHARS_MAX = 500;

/** The same trouble again and again is told once in this time. */
export const TROUBLE_LOGGED_EVERY_MS: number = 10 * 60_000;

/** Troubles that are known again: a game that crashes and starts goes through a few in turn. */
export const TROUBLES_MAX = 8;

/** Presence is for lists of servers: a second is soon enough, and joins come in bursts after a change of map. */
export const PRESENCE_DELAY_MS = 250;

/**
 * Names in the presence, and bytes of each: together less than half of what presence may have. The chat knows players by
 * as much of their names.
 */
export const PRESENCE_NAMES_MAX = 200;
export const PRESENCE_NAME_BYTES_MAX = 64;
