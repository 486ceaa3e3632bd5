/** Bounds of the connections of collectors that send lines: each with its reason. */

/** A lost SYN is repeated after 1 s, a second after 3 s. */
export const CONNECT_TIMEOUT_MS = 5000;

/**
 * After the first bytes on a new connection: in this time a port that takes connections and closes them, as one with an
 * access list or too many clients does, has shown itself.
 */
export const PROVING_MS = 100;

/**
 * How long before an orderly end a batch may have been sent and still count as unread: what a receiver had taken in, but
 * not dealt with, when it was stopped.
 */
export const RESEND_MS = 5000;

/** Of batches sent and not surely taken. As much as a system holds for a peer that has silently gone: 4 MiB on Linux. */
export const KEPT_BYTES_MAX: number = 4 * 1024 * 1024;

/** Of those of senders that were closed, until the next ones take them over: of a few collectors with as much each. */
export const LEFT_BYTES_MAX: number = 4 * KEPT_BYTES_MAX;

/**
 * Until then: a reload takes seconds, and whoever brings a collector back much later wants what happens from then on. It
 * says nothing of how long a receiver may be away.
 */
export const LEFT_MS_MAX: number = 20 * 60_000;

/** A little more than the time after which a system gives up a peer that acknowledges nothing: 16 minutes on Linux. */
export const KEPT_MS_MAX: number = 20 * 60_000;

/** How often a batch comes again by itself: a receiver that closes after each batch would get the same for ever. */
export const RESENDS_MAX = 3;

/** Pauses between attempts to bring what comes again, while no new batch brings it along. */
export const RESEND_PAUSE_MS_MIN = 500;
export const RESEND_PAUSE_MS_MAX = 30_000;

/** For the other side to read the rest and close, when the collector stops. */
export const FINISH_TIMEOUT_MS = 2000;

/** Of a line that the other side answers; it is one word, or a short text. */
export const ANSWER_BYTES_MAX = 1024;

/** Silence after which the system asks whether the other side is still there. */
export const KEEP_ALIVE_MS = 60_000;
