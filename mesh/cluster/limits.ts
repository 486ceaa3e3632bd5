/** Every bound and interval of the cluster that is not an operator's to change, with its reason. */

/** Attempts at once: a whole rack coming back must not cost a descriptor for each of its nodes. */
export const DIALS_AT_ONCE_MAX = 16;

/** More addresses than anybody writes into a config. */
export const SEEDS_MAX = 256;

/** How much longer than the arbiter the other side of a pair waits, so that they do not cross. [MESH-2.6] */
export const NON_ARBITER_DELAY_MS = 300;

/**
 * From the end of an attempt to the next at most. With the 3 s that a dead one may take it is 14 s from one to the
 * next, which leaves a second to hear of the other nodes and link with them: so a cluster that was parted is whole
 * 15 s after the heal at the latest. [MESH-2.6]
 */
export const LONGEST_INTERVAL_MS = 11_000;

/**
 * A seed that says to be a node that has a link is looked at again so late: it has not proved it, so it must be looked
 * at, but each look costs both sides a set-up, and the link a ping. [MESH-1.7]
 */
export const CLAIM_HELD_MS = 300_000;

/** A link that lasted less has not shown that the next would: its back-off goes on growing. */
export const STEADY_AFTER_MS = 5000;

/**
 * How long a node has to answer when its being there is in doubt. Half of it is for what was on the way already, which
 * shows nothing; the other half is enough for a busy line to move. [MESH-3.3]
 */
export const PROBE_TIMEOUT_MS = 1000;

/** A peer's own probe, and the way to it and back; with what set-up needs, less than set-up may take. */
export const CHECK_TIMEOUT_MS = 1500;

/** Newcomers of one name that are judged or wait for it; nobody needs a second. */
export const DECISIONS_PER_NAME_MAX = 8;

/** What is to be sent is held back so long at most when it moves to a link. [MESH-5.4] */
export const HOLD_MS = 1000;

/** What control frames may take beyond the queue of messages while a node moves; beyond, it moves at once. */
export const HELD_CONTROL_BYTES = 1_048_576;

/** A node that was just heard of is about to have a link; until then nobody is troubled to carry. */
export const CARRY_AFTER_MS = 500;

/** Dials are cancelled when the node stops, which is told at once; a mistake here must not keep it from stopping. */
export const STOP_TIMEOUT_MS = 1000;

/** Messages kept while it is in doubt whether a carrier was opened; a round trip's worth. [MESH-5.3] */
export const DOUBTED_MESSAGE_BYTES = 262_144;

/** And all that a node may want, offer and say of itself: 10,000 entries of 330 bytes, 1,000 of 260, and 32 KiB. */
export const DOUBTED_CONTROL_BYTES = 4_194_304;

/** What others' frames may have of the queue of a link that they are carried over; the rest is this node's own. */
export const CARRIED_SHARE = 0.75;

/** A link that was asked for a peer's sake is left alone so long, or a hiccup of a second would often end it. */
export const CHECK_EVERY_MS = 30_000;

/** Addresses that peers have named: as many as there are nodes at once, then what the back-off of a few needs. */
export const LEARNED_DIALS_MAX = 256;
export const LEARNED_DIALS_PER_SECOND = 8;

/**
 * A peer whose link was lost is looked for so long after nobody lists it any more: longer than a restart, a mended line
 * or a rented machine's maintenance takes. What comes back later needs an address of the config. [MESH-2.6]
 */
export const LOST_KEPT_MS = 3_600_000;

/**
 * Peers that are looked for so: at an attempt each in 5.5 s on average, fewer than `LEARNED_DIALS_PER_SECOND` allows,
 * also where nobody is there any more. Any of them that is back tells of all the others.
 */
export const LOST_MAX = 32;

/** Of the attempts at once; the others are left to the addresses of the config. */
export const LEARNED_DIALS_AT_ONCE_MAX = 12;

/** Nodes that one peer may list and unlist: a cluster of the greatest size that comes and goes several times. */
export const PEER_CHANGES_MAX = 8192;
export const PEER_CHANGES_PER_SECOND = 256;

/** Lines of links that come and go: a cluster of the greatest size that restarts, then one a second. */
export const LINK_LINES_MAX = 600;
export const LINK_LINES_PER_SECOND = 1;

/** A node in a frame of peers takes 365 bytes at most, so that these stay below 64 KiB. */
export const PEERS_PER_FRAME_MAX = 128;

/** One line a minute for what goes wrong again and again. */
export const LOG_EVERY_MS = 60_000;

/** As many addresses as lines are kept apart for. */
export const LOG_KEYS_MAX = 256;
