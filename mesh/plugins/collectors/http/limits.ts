/** Every bound of what is sent by HTTP: its unit and its reason. */

const KiB = 1024;

/** What an operator adds for a proxy and a receiver; servers take some 8 KiB of all together. */
export const HEADERS_MAX = 32;
export const HEADER_CHARS_MAX = 4096;

/** A shorter one can be guessed. */
export const SECRET_CHARS_MIN = 16;

/** A message of some chat's webhook, with cards and colours. */
export const TEMPLATE_CHARS_MAX = 4096;

/** Each may stand for the whole payload. */
export const TEMPLATE_PLACEHOLDERS_MAX = 64;

/** Below it compression saves no packet. */
export const GZIP_BYTES_MIN: number = KiB;

/** Of an answer: an error page. The connection of a longer one is not used again. */
export const ANSWER_BYTES_MAX: number = 64 * KiB;

/** The status has come, and all is known; for the rest nobody waits longer. */
export const ANSWER_MS_MAX = 1000;

/** Of an answer, looked through for secrets before its beginning is shown. */
export const ANSWER_SHOWN_FROM_CHARS = 2000;

/** Shorter texts stand in others by chance, and no secret is so short. */
export const REDACTED_CHARS_MIN = 4;

/** Part of a path that is so long, with a digit or both cases in it, is a webhook's secret and no word. */
export const SECRET_SEGMENT_CHARS_MIN = 16;

/** What Discord takes. */
export const DISCORD_MESSAGE_CHARS_MAX = 2000;

/** Lines of some 70 characters fill a message; more than one message a batch is rare. */
export const DISCORD_BATCH_EVENTS_MAX = 30;

/** Of a text in a line, escaped: with names around it, it fits into a message. */
export const DISCORD_TEXT_CHARS_MAX = 1500;
export const DISCORD_NAME_CHARS_MAX = 64;
/** Of an event that has no form of its own. */
export const DISCORD_OTHER_CHARS_MAX = 300;
/** Discord's own. */
export const DISCORD_USERNAME_CHARS_MAX = 80;

/** A rate limit of a webhook is over in two seconds; a longer one is a failure, so that the status tells of it. */
export const DISCORD_WAIT_MS_MAX = 5000;

/** Events that reached Discord in a batch whose rest did not; as many as a few batches have. */
export const DISCORD_SENT_MAX = 1000;

/** Fields of one point, and how deep they stand in the payload. */
export const INFLUX_FIELDS_MAX = 256;
export const INFLUX_DEPTH_MAX = 8;
/** InfluxDB's own bound of a string is 64 KiB. */
export const INFLUX_STRING_CHARS_MAX: number = 16 * KiB;
