/** Bounds of messaging that no operator needs to change: the protocol's, and those that only save memory. */

import type { DecodeLimits } from "../../src/index.ts";

const KiB = 1024;

/** Requests by name that a node answers. [MESH-6.3] */
export const SERVICES_MAX = 1000;

/** What a node says of itself, encoded. [MESH-6.4] */
export const PRESENCE_BYTES_MAX: number = 32 * KiB;
/** Values in it, and levels: a node holds that of 256 others, decoded. 32 KiB of hostile bytes would hold ten times as many. */
export const PRESENCE_LIMITS: DecodeLimits = {
  bytesMax: PRESENCE_BYTES_MAX,
  valuesMax: 4096,
  depthMax: 16,
};
/** Plugins and local applications that say something of one node. */
export const PRESENCE_OWNERS_MAX = 1000;

/** Frames of want and offer stay below this. [MESH-6.5] */
export const CONTROL_FRAME_BYTES_MAX: number = 64 * KiB;
/** Where the next frame is begun. An entry has 330 bytes at most. */
export const CONTROL_CHUNK_BYTES: number = 60 * KiB;
/** Changes that are sent although so much waits for a node that `hasRoom` is false: a quarter of what a link leaves for them. */
export const CONTROL_BURST_BYTES: number = 256 * KiB;

/** Topics whose beginning of a frame is remembered; as those whose subscribers are. */
export const FRAME_HEADS_MAX = 1024;
/** Names that are not read again when they come again; a power of two. */
export const NAMES_REMEMBERED = 1024;

/** What a service's error may say to the requester: a sentence or two. */
export const FAILURE_TEXT_BYTES_MAX: number = KiB;

/**
 * Chunks of a connection that the messages for one subscriber keep in memory; of a chunk may be
 * 512 KiB. Of what comes while it lags so far behind, each payload is copied.
 */
export const CHUNKS_HELD_MAX = 16;

/** Deadlines are looked at this often at most, which is how late a timeout may be. */
export const DEADLINE_STEP_MS = 10;

/** Callbacks for peers and presence: a few for each plugin and local application. */
export const LISTENERS_MAX = 10_000;

/** Subscriptions that the status names. */
export const SUBSCRIPTIONS_SHOWN = 100;

/** Groups that one frame names; their number is a byte. [MESH-7.2] */
export const GROUPS_MAX = 255;

/**
 * Time that subscribers have in one turn of the event loop to catch up between two reads of a connection: enough for
 * what one turn can read, 6 MiB of small messages, and little beside the silence after which a node counts as gone.
 */
export const CATCH_UP_MS_MAX = 100;
