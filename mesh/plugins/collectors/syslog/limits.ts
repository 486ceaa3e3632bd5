/** Bounds of syslog messages. */

/**
 * Of a whole message: what receivers take without a setting of their own. rsyslog cuts at 8,096 bytes, whatever the count
 * before the message says, and takes the rest for another message.
 */
export const MESSAGE_BYTES_MAX = 8000;

/** RFC 5424 wants every receiver to take so much; the longest header has less. */
export const MESSAGE_BYTES_MIN = 2048;

/** Of a setting: what a receiver that is made for it may take. */
export const MESSAGE_BYTES_MOST: number = 1024 * 1024;

/** RFC 5424, 6. */
export const HOSTNAME_CHARS_MAX = 255;
export const APP_NAME_CHARS_MAX = 48;
export const MSGID_CHARS_MAX = 32;

/** Of a value in the structured data, before some of it is escaped; a topic has no more. */
export const VALUE_BYTES_MAX = 256;

/** Types with a severity of their own. */
export const SEVERITIES_MAX = 64;
