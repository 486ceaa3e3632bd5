/** What nodes tell each other of themselves: frames of MESH-6. */

import * as v from "valibot";
import { CcpError, type DecodeLimits, decode, encode } from "../../src/index.ts";
import { messagePackFrame, wrongPart } from "../frame.ts";
import { MeshError } from "../mesh-error.ts";
import type { Interest } from "../topics/interest.ts";
import { assertService } from "../topics/topic.ts";
import { CONTROL_CHUNK_BYTES, CONTROL_FRAME_BYTES_MAX, PRESENCE_LIMITS } from "./limits.ts";
import type { PresenceState } from "./messenger.ts";
import { isState } from "./presence-state.ts";

/** [MESH-1.10] */
export const NodeFrameType = {
  want: 0x23,
  offer: 0x24,
  presence: 0x25,
  ready: 0x26,
  publish: 0x28,
  request: 0x29,
  reply: 0x2a,
  cancel: 0x2b,
} as const;
export type NodeFrameType = (typeof NodeFrameType)[keyof typeof NodeFrameType];

export type Change = "add" | "remove";

export interface WantChange {
  readonly change: Change;
  readonly interests: readonly Interest[];
}

export interface OfferChange {
  readonly change: Change;
  readonly services: readonly string[];
}

/** What a frame says, or what is wrong with it. */
export type Read<Body> = Body | string;

export const READY_FRAME: Uint8Array = Uint8Array.of(NodeFrameType.ready);

/** The shortest entry is of two bytes, so nothing that fits a frame is refused for its number. */
const LIST_LIMITS = {
  bytesMax: CONTROL_FRAME_BYTES_MAX,
  valuesMax: CONTROL_FRAME_BYTES_MAX,
  depthMax: 3,
};
/** The array around the state is one value and one level more. */
const PRESENCE_BODY_LIMITS = {
  bytesMax: PRESENCE_LIMITS.bytesMax + 1,
  valuesMax: PRESENCE_LIMITS.valuesMax + 1,
  depthMax: PRESENCE_LIMITS.depthMax + 1,
};

const CHANGE = v.pipe(
  v.picklist([0, 1]),
  v.transform((change): Change => (change === 1 ? "add" : "remove")),
);
const WANT = v.strictTuple([
  CHANGE,
  v.array(
    v.pipe(
      v.strictTuple([v.string(), v.nullable(v.string())]),
      v.transform(([pattern, group]): Interest => ({ pattern, group: group ?? undefined })),
    ),
  ),
]);
const OFFER = v.strictTuple([CHANGE, v.array(v.pipe(v.string(), v.check(isService)))]);
const PRESENCE = v.strictTuple([v.custom<PresenceState>(isState)]);

/** As many frames as it takes. [MESH-6.5] */
export function encodeWants(change: Change, interests: readonly Interest[]): Uint8Array[] {
  const entries = interests.map(({ pattern, group }) => [pattern, group ?? null]);
  return inChunks(entries).map((chunk) =>
    messagePackFrame(NodeFrameType.want, [changeCode(change), chunk]),
  );
}

export function encodeOffers(change: Change, services: readonly string[]): Uint8Array[] {
  return inChunks(services).map((chunk) =>
    messagePackFrame(NodeFrameType.offer, [changeCode(change), chunk]),
  );
}

export function encodePresence(state: PresenceState): Uint8Array {
  return messagePackFrame(NodeFrameType.presence, [state]);
}

export function readWant(body: Uint8Array): Read<WantChange> {
  const read = readBody("want", body, { schema: WANT, limits: LIST_LIMITS });
  if (typeof read === "string") return read;
  const [change, interests] = read;
  return { change, interests };
}

export function readOffer(body: Uint8Array): Read<OfferChange> {
  const read = readBody("offer", body, { schema: OFFER, limits: LIST_LIMITS });
  if (typeof read === "string") return read;
  const [change, services] = read;
  return { change, services };
}

export function readPresence(body: Uint8Array): Read<PresenceState> {
  const read = readBody("presence", body, { schema: PRESENCE, limits: PRESENCE_BODY_LIMITS });
  return typeof read === "string" ? read : read[0];
}

function changeCode(change: Change): number {
  return change === "add" ? 1 : 0;
}

function inChunks<Entry>(entries: readonly Entry[]): Entry[][] {
  const chunks: Entry[][] = [];
  let bytes = CONTROL_CHUNK_BYTES;
  for (const entry of entries) {
    const length = encode(entry).length;
    if (bytes + length > CONTROL_CHUNK_BYTES) {
      chunks.push([]);
      bytes = 0;
    }
    chunks.at(-1)?.push(entry);
    bytes += length;
  }
  return chunks;
}

interface Reading<Body> {
  readonly schema: v.GenericSchema<unknown, Body>;
  readonly limits: DecodeLimits;
}

function readBody<Body extends object>(
  what: string,
  bytes: Uint8Array,
  { schema, limits }: Reading<Body>,
): Read<Body> {
  let body: unknown;
  try {
    body = decode(bytes, limits);
  } catch (error) {
    if (error instanceof CcpError) return `${what}: ${error.message}`;
    throw error;
  }
  const result = v.safeParse(schema, body, { abortEarly: true });
  if (result.success) return result.output;
  return `${what}: ${wrongPart(result.issues[0])}`;
}

function isService(text: string): boolean {
  try {
    assertService(text);
    return true;
  } catch (error) {
    if (error instanceof MeshError) return false;
    throw error;
  }
}
