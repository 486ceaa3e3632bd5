/**
 * The frames that set up a link: a byte of type, then a MessagePack array. [MESH-1.3]
 *
 * They come from strangers. So each is short, is decoded within limits of its own, and is either
 * just what its clause says or a `LinkError`.
 */

import * as v from "valibot";
import { decode } from "../../src/index.ts";
import { messagePackFrame, wrongPart } from "../frame.ts";
import { beginningOf } from "../printable.ts";
import {
  ACCEPTOR_HELLO,
  CONFIRM,
  DIALLER_HELLO,
  type DiallerHello,
  LINK_VERSION,
  type LinkDetails,
  PROOFS,
  REFUSED,
  type Refusal,
  WELCOME,
  type Welcome,
} from "./frame-bodies.ts";
import { LinkError } from "./link-error.ts";
import type { Claim } from "./proof.ts";

/** The types of set-up. [MESH-1.3], [MESH-1.6] */
export const LinkFrameType = {
  hello: 0x01,
  proof: 0x02,
  welcome: 0x03,
  confirm: 0x04,
  refused: 0x05,
} as const;
export type LinkFrameType = (typeof LinkFrameType)[keyof typeof LinkFrameType];

/**
 * The longest frame of set-up, and so all that a stranger can make a node keep. What is sent has
 * about half of it at most: a refusal with its text, a welcome with the longest host name. The rest
 * is for what later versions add to the details.
 */
export const SETUP_FRAME_BYTES_MAX = 1024;

/** A sentence with two names and two addresses; half of a frame. */
const REFUSAL_TEXT_BYTES_MAX = 512;

/** Several times what is known, for what later versions add; decoded in microseconds at worst. */
const DECODE_LIMITS = { bytesMax: SETUP_FRAME_BYTES_MAX, valuesMax: 128, depthMax: 8 } as const;

export function encodeDiallerHello(hello: DiallerHello): Uint8Array {
  return messagePackFrame(LinkFrameType.hello, [...claimBody(hello), hello.cluster]);
}

export function encodeAcceptorHello(claim: Claim): Uint8Array {
  return messagePackFrame(LinkFrameType.hello, claimBody(claim));
}

export function encodeProofs(proofs: readonly Uint8Array[]): Uint8Array {
  return messagePackFrame(LinkFrameType.proof, proofs);
}

export function encodeWelcome({ proof, details }: Welcome): Uint8Array {
  return messagePackFrame(LinkFrameType.welcome, [proof, detailsBody(details)]);
}

export function encodeConfirm(details: LinkDetails): Uint8Array {
  return messagePackFrame(LinkFrameType.confirm, [detailsBody(details)]);
}

/** A text that is too long loses its end. */
export function encodeRefused({ code, text }: Refusal): Uint8Array {
  return messagePackFrame(LinkFrameType.refused, [code, beginningOf(text, REFUSAL_TEXT_BYTES_MAX)]);
}

/**
 * The byte that says what a frame is; undefined for an empty one.
 *
 * @throws {LinkError} `frame_too_long`
 */
export function frameType(frame: Uint8Array): number | undefined {
  if (frame.length > SETUP_FRAME_BYTES_MAX) {
    const text = `a frame of ${frame.length} bytes, where set-up has ${SETUP_FRAME_BYTES_MAX} at most`;
    throw new LinkError("frame_too_long", text);
  }
  return frame[0];
}

/** @throws {LinkError} `other_version`; and as all below: `frame_…`, which says what is wrong */
export function decodeDiallerHello(frame: Uint8Array): DiallerHello {
  return read(frame, "hello", DIALLER_HELLO);
}

/** @throws {LinkError} `other_version`, `frame_…` */
export function decodeAcceptorHello(frame: Uint8Array): Claim {
  return read(frame, "hello", ACCEPTOR_HELLO);
}

/** @throws {LinkError} `frame_…` */
export function decodeProofs(frame: Uint8Array): readonly Uint8Array[] {
  return read(frame, "proof", PROOFS);
}

/** @throws {LinkError} `frame_…` */
export function decodeWelcome(frame: Uint8Array): Welcome {
  return read(frame, "welcome", WELCOME);
}

/** @throws {LinkError} `frame_…` */
export function decodeConfirm(frame: Uint8Array): LinkDetails {
  return read(frame, "confirm", CONFIRM);
}

/** @throws {LinkError} `frame_…` */
export function decodeRefused(frame: Uint8Array): Refusal {
  return read(frame, "refused", REFUSED);
}

function claimBody({ name, instance, incarnation, nonce }: Claim): readonly unknown[] {
  return [LINK_VERSION, name, Uint8Array.fromHex(instance), incarnation, nonce];
}

function detailsBody({ advertise, observed }: LinkDetails): Readonly<Record<string, unknown>> {
  return {
    advertise: advertise === undefined ? null : [advertise.host, advertise.port],
    observed,
  };
}

function read<Body>(
  frame: Uint8Array,
  expected: keyof typeof LinkFrameType,
  schema: v.GenericSchema<unknown, Body>,
): Body {
  const type = frameType(frame);
  if (type !== LinkFrameType[expected]) {
    const text = `a frame of type ${type ?? "nothing"} where ${expected} comes next`;
    throw new LinkError("frame_unexpected", text);
  }
  const body = decodeBody(frame, expected);
  if (expected === "hello") assertThisVersion(body);
  const result = v.safeParse(schema, body, { abortEarly: true });
  if (!result.success) {
    throw new LinkError("frame_unreadable", `${expected}: ${wrongPart(result.issues[0])}`);
  }
  return result.output;
}

function decodeBody(frame: Uint8Array, expected: string): unknown {
  try {
    return decode(frame.subarray(1), DECODE_LIMITS);
  } catch (cause) {
    throw new LinkError("frame_unreadable", `${expected}: the body is not MessagePack`, { cause });
  }
}

/** Told apart from nonsense, because an operator can do something about it. */
function assertThisVersion(body: unknown): void {
  const version: unknown = Array.isArray(body) ? body[0] : undefined;
  if (typeof version === "number" && Number.isInteger(version) && version !== LINK_VERSION) {
    const text = `it speaks version ${version} of the protocol, and this node version ${LINK_VERSION}`;
    throw new LinkError("other_version", text);
  }
}
