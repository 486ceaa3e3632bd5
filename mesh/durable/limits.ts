/** Bounds of durable messages between nodes: each with its reason. */

const KiB = 1024;
const MiB = 1024 * KiB;
const SECOND_MS = 1000;
const DAY_MS = 24 * 60 * 60 * SECOND_MS;

/** What may wait for one other node, or for one consumer here: a day of a busy server at 200 bytes an event. */
export const QUEUE_BYTES_MAX: number = 256 * MiB;

/** A server that is away for longer starts afresh. */
export const QUEUE_AGE_MAX_MS: number = 7 * DAY_MS;

/** Of one delivery: a transfer of some milliseconds, and less than a request may have. */
export const BATCH_ENTRIES_MAX = 256;
export const BATCH_BYTES_MAX: number = MiB;

/** What stands around a message in a delivery: its topic, numbers, the id of the outbox. */
export const DELIVERY_ROOM_BYTES = 1024;

/** Bytes of a delivery that each entry has at least: with fewer, what stands around them is most of it. */
export const ENTRY_ROOM_BYTES = 64;

/** From a delivery to its confirmation, which the disk of the other node is part of. */
export const DELIVERY_TIMEOUT_MS: number = 30 * SECOND_MS;

/** Wants are told as soon as they are there; a node that has just come has this long. */
export const WANT_TIMEOUT_MS: number = 5 * SECOND_MS;

/** Between two tries of a delivery that failed. */
export const RETRY_MIN_MS = 250;
export const RETRY_MAX_MS: number = 15 * SECOND_MS;

/** Consumers of one node: each plugin has a few. */
export const CONSUMERS_MAX = 100;
export const CONSUMER_NAME_CHARS_MAX = 64;

/** Nodes that durable messages are kept for: as many as a mesh has. */
export const SUBSCRIBERS_MAX = 256;

/** Nodes whose deliveries are remembered, so that none is kept twice: four meshes. The latest ones are. */
export const SENDERS_MAX = 1024;

/** Outboxes of one node that are remembered: a data folder is replaced, and now and then an old one put back. */
export const STORES_SEEN_MAX = 4;

/** A UUID has 36. */
export const STORE_ID_CHARS_MAX = 64;

/** Read at once for one consumer; so many may come again after a crash, marked as such. */
export const CONSUMER_BATCH_MAX = 64;

/** A handler that takes longer has failed: it waits for something that does not come. */
export const HANDLER_TIMEOUT_MS: number = 60 * SECOND_MS;

/**
 * At the unload of its plugin, for what a handler is at; what takes longer comes again. A stop lets those of all plugins
 * end at once: well below its usual 10 s.
 */
export const HANDLER_GRACE_MS: number = 3 * SECOND_MS;

/** How often a handler may fail on a message before it is set aside. */
export const TRIES_MAX = 5;
export const TRY_AGAIN_MIN_MS = 1000;
export const TRY_AGAIN_MAX_MS: number = 30 * SECOND_MS;

/** Without a refusal for so long, what is published is kept again; a line while it is not comes as often as the other. */
export const REFUSALS_LOOK_MS: number = 30 * SECOND_MS;
export const REFUSALS_LOGGED_EVERY_MS: number = 10 * 60 * SECOND_MS;

/** Looks without a refusal, and with nothing kept: what comes later is told anew, no sooner than it would be again. */
export const QUIET_LOOKS_MAX: number = REFUSALS_LOGGED_EVERY_MS / REFUSALS_LOOK_MS;

/** A backlog of that age is worth a line in the log, and another one as often. */
export const BACKLOG_OLD_MS: number = 5 * 60 * SECOND_MS;
export const BACKLOG_LOOK_MS: number = 30 * SECOND_MS;
export const BACKLOG_LOGGED_EVERY_MS: number = 10 * 60 * SECOND_MS;
