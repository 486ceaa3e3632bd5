/** Bounds of what waits for a collector: each with its reason. */

const MiB = 1024 * 1024;
const DAY_S = 24 * 60 * 60;

/** Of one collector: a receiver each for logs, for alarms and for people, with their sub-topics. */
export const TOPICS_MAX = 100;

/** Collectors of one node; each has a connection and a queue. */
export const COLLECTORS_MAX = 50;

/** Half a million events of 500 bytes: a busy server's day. */
export const QUEUE_BYTES_DEFAULT: number = 256 * MiB;
export const QUEUE_BYTES_MIN: number = MiB;
/** What a disk of a game server can spare. */
export const QUEUE_BYTES_MAX: number = 64 * 1024 * MiB;

/** A collector that is down for longer is mended by hand. */
export const QUEUE_AGE_DEFAULT_S: number = 7 * DAY_S;
export const QUEUE_AGE_MAX_S: number = 365 * DAY_S;
