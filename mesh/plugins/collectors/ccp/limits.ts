/** Bounds of the communication with an external application. */

/** Longest answer that is taken: a word, or a text of some lines. */
export const ANSWER_BYTES_MAX: number = 64 * 1024;

/** For the application to close, when the collector stops. */
export const CLOSE_TIMEOUT_MS = 2000;

/** CCP's own limit for a plugin's name. */
export const PLUGIN_BYTES_MAX = 255;

/** CCP's own limit for the data of a message. */
export const REQUEST_BYTES_MAX = 16_777_214;
