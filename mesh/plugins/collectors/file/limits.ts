/** Bounds of the files that a collector writes. */

const MiB = 1024 * 1024;

/** A size that editors and tools still open. */
export const ROTATE_BYTES: number = 64 * MiB;

/** Six files with the present one: less than half a gigabyte. */
export const ROTATE_KEEP = 5;

/** Each is renamed at each rotation. */
export const ROTATE_KEEP_MAX = 1000;

/** For what is being written when the collector stops, on a disk that does not answer. */
export const CLOSE_TIMEOUT_MS = 2000;
