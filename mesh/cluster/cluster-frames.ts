/** The frames of who is linked with whom, and of the ways between nodes. [MESH-2], [MESH-5] */

import * as v from "valibot";
import { type Address, type DecodeLimits, decode } from "../../src/index.ts";
import { messagePackFrame, SMALL_FRAME_BYTES_MAX, wrongPart } from "../frame.ts";
import { HOST, INCARNATION, INSTANCE, INSTANCE_BYTES, NAME, PORT } from "../link/body-values.ts";
import { LinkError } from "../link/link-error.ts";
import type { NodeIdentity } from "../link/setup.ts";
import { PEERS_PER_FRAME_MAX } from "./limits.ts";

export const ClusterFrameType = {
  peers: 0x10,
  relay: 0x15,
  unreachable: 0x16,
  check: 0x17,
  relayed: 0x18,
  open: 0x20,
  flush: 0x21,
  flushed: 0x22,
} as const;
export type ClusterFrameType = (typeof ClusterFrameType)[keyof typeof ClusterFrameType];

/** From here on a frame is from one node to another. [MESH-1.10] */
const NODE_FRAME_TYPE_MIN = 0x20;
/** From here on a node frame is no affair of routes. */
export const PAYLOAD_FRAME_TYPE_MIN = 0x23;
/** From here on a node frame may be dropped. */
export const DROPPABLE_FRAME_TYPE_MIN = 0x28;

/** A type and an instance. */
const RELAY_HEAD_BYTES = 1 + INSTANCE_BYTES;

/** A node that a peer has a link with. */
export interface ListedNode extends NodeIdentity {
  /** Where it can be dialled; an empty host is that of the peer. */
  readonly address: Address | undefined;
}

/** [MESH-2.5] */
export interface PeersFrame {
  readonly added: readonly ListedNode[];
  readonly removed: readonly string[];
}

/** A node frame on its way through a carrier: its body is `chunk` from `start` to `end`. */
export interface CarriedFrame {
  /** The other end's, in hexadecimal: the destination's at a carrier, the sender's at the destination. */
  readonly instance: string;
  readonly type: number;
  readonly chunk: Buffer;
  readonly start: number;
  readonly end: number;
}

/** More than fit into 64 KiB. */
const PEERS_LIMITS = { bytesMax: SMALL_FRAME_BYTES_MAX, valuesMax: 16_384, depthMax: 4 } as const;
const CHECK_LIMITS = { bytesMax: 64, valuesMax: 4, depthMax: 2 } as const;

const LISTED_NODE = v.pipe(
  v.strictTuple([NAME, INSTANCE, INCARNATION, v.nullable(HOST), v.nullable(PORT)]),
  v.check(([, , , host, port]) => (host === null) === (port === null)),
  v.transform(([name, instance, incarnation, host, port]): ListedNode => {
    const address = host === null || port === null ? undefined : { host, port };
    return { name, instance, incarnation, address };
  }),
);

const PEERS: v.GenericSchema<unknown, PeersFrame> = v.pipe(
  v.strictTuple([v.array(LISTED_NODE), v.array(INSTANCE)]),
  v.transform(([added, removed]) => ({ added, removed })),
);

const CHECK: v.GenericSchema<unknown, string> = v.pipe(
  v.strictTuple([INSTANCE]),
  v.transform(([instance]) => instance),
);

/** As many frames as it takes. */
export function encodePeers({ added, removed }: PeersFrame): Uint8Array[] {
  const frames: Uint8Array[] = [];
  const count = Math.max(added.length, removed.length);
  for (let from = 0; from === 0 || from < count; from += PEERS_PER_FRAME_MAX) {
    const to = from + PEERS_PER_FRAME_MAX;
    frames.push(
      messagePackFrame(ClusterFrameType.peers, [
        added.slice(from, to).map(listedBody),
        removed.slice(from, to).map((instance) => Uint8Array.fromHex(instance)),
      ]),
    );
  }
  return frames;
}

export function encodeCheck(instance: string): Uint8Array {
  return messagePackFrame(ClusterFrameType.check, [Uint8Array.fromHex(instance)]);
}

export function encodeUnreachable(instance: string): Uint8Array {
  const frame = new Uint8Array(RELAY_HEAD_BYTES);
  frame[0] = ClusterFrameType.unreachable;
  frame.set(Uint8Array.fromHex(instance), 1);
  return frame;
}

/** A frame whose body is one number of 4 bytes. [MESH-5.3], [MESH-5.4] */
export function encodeNumber(type: "open" | "flush" | "flushed", value: number): Uint8Array {
  const frame = Buffer.alloc(5);
  frame[0] = ClusterFrameType[type];
  frame.writeUInt32BE(value, 1);
  return frame;
}

/** A node frame for a carrier, with the destination's instance. [MESH-5.1] */
export function encodeRelay(destination: Uint8Array, frame: Uint8Array): Uint8Array {
  const relay = Buffer.allocUnsafe(RELAY_HEAD_BYTES + frame.length);
  relay[0] = ClusterFrameType.relay;
  relay.set(destination, 1);
  relay.set(frame, RELAY_HEAD_BYTES);
  return relay;
}

/** What a carrier passes on, with the sender's instance. [MESH-5.1] */
export function encodeRelayed(source: Uint8Array, carried: CarriedFrame): Uint8Array {
  const { chunk, start, end, type } = carried;
  const relayed = Buffer.allocUnsafe(RELAY_HEAD_BYTES + 1 + end - start);
  relayed[0] = ClusterFrameType.relayed;
  relayed.set(source, 1);
  relayed[RELAY_HEAD_BYTES] = type;
  chunk.copy(relayed, RELAY_HEAD_BYTES + 1, start, end);
  return relayed;
}

/** @throws {LinkError} `frame_unreadable`, as all below */
export function decodePeers(chunk: Buffer, start: number, end: number): PeersFrame {
  return read("peers", { schema: PEERS, limits: PEERS_LIMITS, body: chunk.subarray(start, end) });
}

export function decodeCheck(chunk: Buffer, start: number, end: number): string {
  return read("check", { schema: CHECK, limits: CHECK_LIMITS, body: chunk.subarray(start, end) });
}

export function decodeUnreachable(chunk: Buffer, start: number, end: number): string {
  if (end - start !== INSTANCE_BYTES) throw unreadable("unreachable: the body is no instance");
  return chunk.toString("hex", start, end);
}

export function decodeNumber(chunk: Buffer, start: number, end: number): number {
  if (end - start !== 4) throw unreadable("a frame of a route: the body is not 4 bytes");
  return chunk.readUInt32BE(start);
}

export function decodeCarried(chunk: Buffer, start: number, end: number): CarriedFrame {
  const at = start + INSTANCE_BYTES;
  const type = at < end ? (chunk[at] ?? 0) : 0;
  // [MESH-5.1]: nothing else is passed on, a frame that is itself carried least of all.
  if (type < NODE_FRAME_TYPE_MIN) throw unreadable("relay: what it carries is no node frame");
  return { instance: chunk.toString("hex", start, at), type, chunk, start: at + 1, end };
}

function listedBody({ name, instance, incarnation, address }: ListedNode): readonly unknown[] {
  const place = [address?.host ?? null, address?.port ?? null];
  return [name, Uint8Array.fromHex(instance), incarnation, ...place];
}

function read<Body>(
  what: string,
  {
    schema,
    limits,
    body,
  }: {
    readonly schema: v.GenericSchema<unknown, Body>;
    readonly limits: DecodeLimits;
    readonly body: Uint8Array;
  },
): Body {
  let value: unknown;
  try {
    value = decode(body, limits);
  } catch (cause) {
    const text = `${what}: the body is not MessagePack, or too large`;
    throw new LinkError("frame_unreadable", text, { cause });
  }
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  throw unreadable(`${what}: ${wrongPart(result.issues[0])}`);
}

function unreadable(text: string): LinkError {
  return new LinkError("frame_unreadable", text);
}
