/** What a console that is a process, or a line, may hold or wait for: each bound and its reason. */

const KiB = 1024;

/** Words of a command: many times what the longest start of a game has. */
export const WORDS_MAX = 256;

/** What waits for the game to read it: hundreds of lines of chat; the system keeps 64 KiB more. */
export const INPUT_BYTES_MAX: number = 64 * KiB;

/** Lines that are read within {@link BUDGET_INTERVAL_MS}: a server full of players does not reach a tenth. */
export const LINES_MAX = 500;

/** Output that is read within {@link BUDGET_INTERVAL_MS}: ten times what so many lines of chat have. */
export const OUTPUT_BYTES_MAX: number = 512 * KiB;

export const BUDGET_INTERVAL_MS = 100;

/** Between two reads of output that is skipped: the node has time for everything else. */
export const FLOOD_PAUSE_MS = 10;

/** For the rest of the output once a process has ended; others may hold its pipe open. */
export const REST_TIMEOUT_MS = 500;

/** For a process to end after its stop command, and again after SIGTERM: a large world takes its time to be saved. */
export const STOP_TIMEOUT_MS = 10_000;

/** Killed processes end at once, unless the system holds them; nobody waits for that. */
export const KILL_TIMEOUT_MS = 2000;

/** From the dial until the console is ready. */
export const READY_TIMEOUT_MS = 10_000;

/** For a game that says whether the password is wrong, and nothing if it is right. */
export const LOGIN_GRACE_MS = 1000;

/** Lines of a log-in. */
export const LOGIN_LINES_MAX = 16;

/** Between two tries to write to a pipe that is full. */
export const FIFO_RETRY_MS = 50;

/** Lines that wait for bzadmin, which takes one or two a second: what comes later would be stale. */
export const BZADMIN_LINES_MAX = 16;

/** Of a message, as BZFlag carries it. */
export const BZADMIN_LINE_BYTES_MAX = 127;

/** For a message to come back: bzadmin reads ten bytes a second where nothing happens in the game. */
export const BZADMIN_ECHO_TIMEOUT_MS = 15_000;

/** Without a line of bzadmin's, after which the server is asked something; each question is a line in its log. */
export const BZADMIN_SILENCE_MS = 8000;

/** For the answer: bzadmin takes half a second for the question. */
export const BZADMIN_PROBE_TIMEOUT_MS = 5000;

/** Of what bzadmin printed last, in an error. */
export const SHOWN_CHARS_MAX = 200;
