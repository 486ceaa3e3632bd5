/** The frames that a link that is up sends for itself. Those of its owner pass it unread. [MESH-1.10] */

import * as v from "valibot";
import { decode } from "../../src/index.ts";
import { messagePackFrame } from "../frame.ts";
import { beginningOf, printable } from "../printable.ts";
import { LinkError } from "./link-error.ts";
import type { GoneCode } from "./peer-link.ts";

/** The types that are the link's own affair. [MESH-1.10] */
export const OwnFrameType = {
  gone: 0x06,
  ping: 0x11,
  pong: 0x12,
  piece: 0x13,
  credit: 0x14,
} as const;
export type OwnFrameType = (typeof OwnFrameType)[keyof typeof OwnFrameType];

const KiB = 1024;

/** Most bytes of a frame in one piece. [MESH-4.1] */
const PIECE_DATA_BYTES_MAX = 64 * KiB;

/** In front of the data of a piece: the type and the flags; in the first also the length. */
export const PIECE_HEAD_BYTES = 2;
export const FIRST_PIECE_HEAD_BYTES = 6;

/** The longest frame that may arrive: a first piece. */
export const ARRIVING_FRAME_BYTES_MAX: number = FIRST_PIECE_HEAD_BYTES + PIECE_DATA_BYTES_MAX;

/** Bytes in pieces that may be on the way, in each direction. [MESH-4.2] */
export const PIECES_WINDOW_BYTES: number = 512 * KiB;

export const PieceFlag = { first: 1, last: 2 } as const;

const PING_BODY_BYTES = 8;
const CREDIT_BODY_BYTES = 4;

/** A sentence with two names and two addresses, as in a refusal. */
const GONE_TEXT_BYTES_MAX = 512;
const GONE_LIMITS = { bytesMax: KiB, valuesMax: 8, depthMax: 2 } as const;

const GONE = v.strictTuple([v.pipe(v.string(), v.regex(/^[a-z_]{1,32}$/)), v.string()]);

/** What the other side says before it closes. */
export interface Gone {
  readonly code: string;
  readonly text: string;
}

/** A text that is too long loses its end. */
export function encodeGone(code: GoneCode, text: string): Uint8Array {
  return messagePackFrame(OwnFrameType.gone, [code, beginningOf(text, GONE_TEXT_BYTES_MAX)]);
}

/** @throws {LinkError} `frame_unreadable` */
export function decodeGone(body: Uint8Array): Gone {
  const result = v.safeParse(GONE, decoded(body));
  if (!result.success) throw new LinkError("frame_unreadable", "gone is not what it should be");
  const [code, text] = result.output;
  return { code, text: printable(text) };
}

/** The eight bytes of its own choice are a number that tells the pings of this side apart. [MESH-3.1] */
export function encodePing(serial: number): Uint8Array {
  const frame = Buffer.alloc(1 + PING_BODY_BYTES);
  frame[0] = OwnFrameType.ping;
  frame.writeUInt32BE(serial, 1 + PING_BODY_BYTES - 4);
  return frame;
}

/**
 * The answer to the ping whose body is `chunk` from `start` to `end`.
 *
 * @throws {LinkError} `frame_unreadable`
 */
export function encodePong(chunk: Buffer, start: number, end: number): Uint8Array {
  assertLength("ping", end - start, PING_BODY_BYTES);
  const frame = Buffer.allocUnsafe(1 + PING_BODY_BYTES);
  frame[0] = OwnFrameType.pong;
  chunk.copy(frame, 1, start, end);
  return frame;
}

/**
 * The serial number of the ping that is answered; undefined if this side never sent the like.
 *
 * @throws {LinkError} `frame_unreadable`
 */
export function decodePong(chunk: Buffer, start: number, end: number): number | undefined {
  assertLength("pong", end - start, PING_BODY_BYTES);
  return chunk.readUInt32BE(start) === 0 ? chunk.readUInt32BE(start + 4) : undefined;
}

export function encodeCredit(bytes: number): Uint8Array {
  const frame = Buffer.allocUnsafe(1 + CREDIT_BODY_BYTES);
  frame[0] = OwnFrameType.credit;
  frame.writeUInt32BE(bytes, 1);
  return frame;
}

/** @throws {LinkError} `frame_unreadable` */
export function decodeCredit(chunk: Buffer, start: number, end: number): number {
  assertLength("credit", end - start, CREDIT_BODY_BYTES);
  return chunk.readUInt32BE(start);
}

function assertLength(name: string, bytes: number, expected: number): void {
  if (bytes === expected) return;
  const text = `${name} has a body of ${bytes} bytes instead of ${expected}`;
  throw new LinkError("frame_unreadable", text);
}

function decoded(body: Uint8Array): unknown {
  try {
    return decode(body, GONE_LIMITS);
  } catch (cause) {
    throw new LinkError("frame_unreadable", "gone is not MessagePack, or too long", { cause });
  }
}
