/** What one local application may have open on the bus at once: each bound and its reason. [BUS-5] */

const KiB = 1024;
const MiB = 1024 * KiB;

/** More than a program with a window for each of a hundred servers has, and little enough to queue for each. */
export const SUBSCRIPTIONS_MAX = 100;

/** What waits for one subscription while the application reads slowly: as for a plugin, more than come together. */
export const QUEUE_MESSAGES_MAX: number = 16 * KiB;

/** Twice what one read of a connection brings. All queues of an application then hold 100 MiB, but for single messages that are longer. */
export const QUEUE_BYTES_MAX: number = MiB;

/** A program offers a handful. */
export const SERVICES_MAX = 100;

/** As the endpoint's requestsInFlightMax; publications that wait for room count, too. */
export const REQUESTS_MAX = 1024;

/** As the mesh's meshRequestsPerNodeMax. */
export const CALLS_MAX = 1024;

/** A program needs one watch each of peers and of presence; its parts may have one of their own. */
export const WATCHES_MAX = 16;

/** The longest payload, and room for what stands around it. */
export const COMMAND_BYTES_MAX: number = 8 * MiB + 64 * KiB;

/** A line of text that says why. */
export const FAILURE_CHARS_MAX = 1024;

/** Nodes of which an application that is behind is still told: some times as many as a mesh has. */
export const WATCHED_NODES_MAX = 1024;

/**
 * Commands of one application that are carried out before the rest of the process has its turn, as a subscriber's
 * messages are: a millisecond of work. Without it, one that publishes at full speed drowns those who listen.
 */
export const COMMANDS_PER_TURN = 64;
