/** What all frames between nodes have in common, whichever layer they are of. [MESH-1.2], [MESH-4.1] */

import * as v from "valibot";
import { encode } from "../src/index.ts";

/**
 * A frame of at most so many bytes goes whole, and is copied by whoever takes it to send; a longer one is kept until
 * it has gone in pieces, and must not be changed meanwhile. [MESH-4.1]
 */
export const SMALL_FRAME_BYTES_MAX = 65_536;

/** What a frame may have beside its payload: the topic with 255 groups, and the head of a relay, are a third of it. */
export const FRAME_HEAD_BYTES_MAX = 65_536;

/** A frame whose body is MessagePack: its type, then the value. */
export function messagePackFrame(type: number, body: unknown): Uint8Array {
  const bytes = encode(body);
  const frame = new Uint8Array(1 + bytes.length);
  frame[0] = type;
  frame.set(bytes, 1);
  return frame;
}

/** What a body is not, for a text: never the issue's own message, which repeats what the other side has sent. */
export function wrongPart(issue: v.BaseIssue<unknown>): string {
  return `${v.getDotPath(issue) ?? "the body"} is not what it should be`;
}
