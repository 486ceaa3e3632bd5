/** Every bound of the outbox: its default, its unit and the reason for both. */

const KiB = 1024;
const MiB = 1024 * KiB;
const GiB = 1024 * MiB;

export interface OutboxLimits {
  /** Queues in the file, those included that nobody opened this time. */
  readonly queuesMax: number;
  /** Longest entry. */
  readonly entryBytesMax: number;
  /** Appends that may wait for the commit; past either of the two it is done at once. */
  readonly batchEntriesMax: number;
  readonly batchBytesMax: number;
  /** Entries that one commit takes out of each queue; the rest is left to the next. */
  readonly removalsPerCommitMax: number;
  /** Spans of removed entries that may wait for a disk with room; past it nothing more is read. */
  readonly unsettledMax: number;
  /** Dead letters of one queue; past either of the two the oldest are dropped. */
  readonly deadLettersMax: number;
  readonly deadBytesMax: number;
  /** Records, and the longest key and value of one, in bytes of UTF-8. */
  readonly recordsMax: number;
  readonly recordKeyBytesMax: number;
  readonly recordValueBytesMax: number;
  /** The whole file, without its log of what was written last. */
  readonly fileBytesMax: number;
  /** Room kept on the disk, so that a full one does not keep entries from being taken out. 0 for none. */
  readonly reserveBytes: number;
}

export const DEFAULT_OUTBOX_LIMITS: OutboxLimits = {
  // Collectors of one node, and the nodes of a cluster that a broker would serve better.
  queuesMax: 512,
  // Two of the mesh's longest payloads: one and what a collector's format makes of it.
  entryBytesMax: 16 * MiB,
  // As many 200-byte events as commit in the time of a small garbage collection.
  batchEntriesMax: 4096,
  // As much as is written before it is moved to its place, see WAL_PAGES.
  batchBytesMax: 4 * MiB,
  // As many as one batch brings, so that whoever takes out keeps up.
  removalsPerCommitMax: 4096,
  // Whoever takes out in order needs one; a number of bytes that nobody notices.
  unsettledMax: 4096,
  // More than anybody looks through.
  deadLettersMax: 1000,
  deadBytesMax: 16 * MiB,
  // 256 nodes of a cluster, with more than a dozen topics each.
  recordsMax: 4096,
  // As a topic.
  recordKeyBytesMax: 256,
  // A hundred topics, of all consumers of a node.
  recordValueBytesMax: 32 * KiB,
  // The bounds of the queues come first; past this something is wrong with them.
  fileBytesMax: 64 * GiB,
  // The log of WAL_PAGES and one batch: what must find its place before anything can be taken out.
  reserveBytes: 8 * MiB,
};

/**
 * What an entry counts besides its bytes: its number, its time and its place in a page. Without it a queue
 * of empty entries would have no bound.
 */
export const ENTRY_OVERHEAD_BYTES = 16;

/** A queue is named for a job, such as `collector:discord`; a longer name is a mistake. */
export const QUEUE_NAME_BYTES_MAX = 256;

/** Why an entry was buried; the beginning of an answer tells it. */
export const REASON_LENGTH_MAX = 500;

/** Pages of 4 KiB that are written to the log before they are moved to their place, which takes 5 to 30 ms. */
export const WAL_PAGES = 1000;

/** The log is cut back to it after a commit that was larger. */
export const WAL_BYTES_MAX: number = 16 * MiB;

/** A file up to this size is looked through when it is opened: some 20 ms. */
export const LOOK_THROUGH_BYTES_MAX: number = 16 * MiB;

/** Time between two looks for entries that are too old, and for room to give back to the disk. */
export const UPKEEP_INTERVAL_MS = 1000;

/** Empty pages are kept for what comes next up to so many, 16 MiB; the others go back to the disk, */
export const FREE_PAGES_MAX = 4096;
/** so many at a time, about 5 ms. */
export const FREE_PAGES_STEP = 1024;

/** A commit that takes longer on average is followed by a pause of half its time, for the rest of the node. */
export const SLOW_COMMIT_MS = 5;

/** The longest such pause. */
export const COMMIT_PAUSE_MS_MAX = 50;

/** A difference of two clocks that is no jump of one. */
export const CLOCK_DRIFT_MS = 1000;
