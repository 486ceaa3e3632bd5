/** Every bound of the chat relay: its unit and its reason. */

const KiB = 1024;
const MiB = 1024 * KiB;
const SECOND_MS = 1000;
/** The period of {@link MUTES_LOGGED_MAX} and {@link COMINGS_MAX}. */
export const MINUTE_MS: number = 60 * SECOND_MS;
const DAY_MS = 24 * 60 * 60 * SECOND_MS;

/** The longest that most of the joined games let a player have, and as much as is listed of who plays where. */
export const NAME_BYTES_MAX = 64;

/** Some more than the longest line of a joined game, 900 bytes. */
export const TEXT_BYTES_MAX = 1000;

/** Each is a topic of its own; people keep a handful apart. */
export const CHANNELS_MAX = 16;

/** They stand in lines of the games, too. */
export const CHANNEL_CHARS_MAX = 32;

/** A line of a game's chat, with colours and names around. */
export const TEMPLATE_CHARS_MAX = 256;

/** Twice as many as there are placeholders; each may stand for a text of full length. */
export const TEMPLATE_PLACEHOLDERS_MAX = 10;

/** `drop` and `mask` together. Each one looks at each line. */
export const FILTERS_MAX = 100;

/** A list of some fifty words. */
export const FILTER_CHARS_MAX = 512;

/** Steps of a compiled filter: several times what 512 characters without repeat counts come to, and a few ms a line. */
export const FILTER_PROGRAM_MAX = 2000;

/** Matches that are masked one by one in a line; behind them the rest is masked whole. */
export const MASKS_MAX = 32;

/** Bots of one server. */
export const IGNORED_PLAYERS_MAX = 100;

/** It is typed before each command. */
export const COMMAND_PREFIX_CHARS_MAX = 8;

/** A screen or two. */
export const HISTORY_LINES_MAX = 100;

/** Older lines are no news to a game that comes up. */
export const HISTORY_AGE_MS: number = 900 * SECOND_MS;

/** Nodes that are asked for the history together: one that hangs holds up none but these. */
export const ASKED_AT_ONCE = 4;

/** How often one node that comes is asked for the history within a minute: a link may break twice in a row. */
export const COMINGS_MAX = 3;

/** And how often all of them: a large mesh that forms. */
export const COMINGS_OF_ALL_MAX = 256;

/**
 * How long ids are remembered: twice as long as lines are in the history, since a line is a little younger each time it
 * is told.
 */
export const IDS_AGE_MS: number = 2 * HISTORY_AGE_MS;

/** Lines that a game has not answered yet: more than any console keeps waiting. */
export const LINES_SAID_MAX = 256;

/**
 * Times the numbers of the rates: how often the echo guard looks at what is said here. It has to look at more than may go
 * out, to know bots; each look takes some milliseconds of a hostile text.
 */
export const ECHO_LOOKS_FACTOR = 4;

/** Lines whose showing is remembered from one load to the next: the longest history of all channels. */
export const SHOWN_KEPT_MAX: number = HISTORY_LINES_MAX * CHANNELS_MAX;

/** What was shown in the last moments before a crash may be shown again; the file has a hundred KiB at most. */
export const SHOWN_KEPT_EVERY_MS: number = SECOND_MS;

/** So many ids of the greatest length, each character escaped. */
export const SHOWN_FILE_BYTES_MAX: number = MiB;

/**
 * Times the number of a server's lines: how many messages of it are read, since each of its lines may come once a channel,
 * and in a bunch. To read a hostile one takes a third of a millisecond.
 */
export const READS_FACTOR: number = 2 * CHANNELS_MAX;

/** Those who spoke within one period, on a hundred full servers. */
export const RATED_PLAYERS_MAX = 4096;

/** Some times as many as a mesh has. */
export const RATED_SERVERS_MAX = 1024;

/** What a hundred busy servers say while lines are in the history. */
export const SEEN_IDS_MAX = 16_384;

/** Thirty lines a second for the usual age, far more than people can read. */
export const ECHO_LINES_MAX = 1000;

/** A text that is at least this long is hardly said by chance twice within the age. In letters and digits. */
export const ECHO_LONG_CHARS_MIN = 16;

/** So much of a text is no chance either where it begins or ends another and no name is there. In letters and digits. */
export const ECHO_ALONE_CHARS_MIN = 32;

/** A role or a verb between the name and a short text. In letters and digits. */
export const ECHO_BETWEEN_CHARS_MAX = 12;

/** Within it, the same text of the same player is one line that was heard twice. */
export const REPEAT_MS: number = 3 * SECOND_MS;

/** How often a player may say the same with pauses shorter than the age. */
export const REPEATS_MAX = 2;

/** Hundreds of servers never have as many at once. */
export const MUTES_MAX = 1000;

/** How long a lifted or ended mute outvotes an older one that a node still has which was off meanwhile. */
export const MUTE_GRACE_MS: number = 30 * DAY_MS;

/** How far ahead the clock of a node may be whose mutes count; a later one could not be lifted by any that comes after. */
export const MUTE_AHEAD_MS: number = 3650 * DAY_MS;

/** A clock that says less was never set. */
export const CLOCK_MIN_MS: number = Date.UTC(2026, 0, 1);

/** Changes of mutes in the log within a minute: people make a few; a node that has come may tell hundreds. */
export const MUTES_LOGGED_MAX = 1000;

/** A sentence. */
export const MUTE_REASON_CHARS_MAX = 200;

/** A name, a node and what is between. */
export const MUTE_BY_CHARS_MAX = 136;

/** Of a player or a server in a mute: the longest names there are. */
export const MUTE_NAME_CHARS_MAX = 64;

/** A full set of mutes with the longest texts has half of it. */
export const MUTE_FILE_BYTES_MAX: number = 4 * MiB;

/** What an operator looks through to find one line; the last minutes of busy servers. */
export const TRACE_ENTRIES_MAX = 500;

/** Enough to recognise a line. */
export const TRACE_TEXT_CHARS_MAX = 200;

/**
 * How often one node may ask for the history, and how often for the mutes, within {@link ASKS_PERIOD_MS}: once for each
 * channel when its game comes up, and twice as much. An answer may have hundreds of KiB.
 */
export const ASKS_MAX: number = 2 * CHANNELS_MAX;
export const ASKS_PERIOD_MS: number = 10 * SECOND_MS;

/** More than that tell a player no more. */
export const CANDIDATES_MAX = 5;
