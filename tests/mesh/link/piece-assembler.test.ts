import { expect, test } from "bun:test";
import { PieceAssembler } from "../../../mesh/link/piece-assembler.ts";
import { pattern } from "../../helpers/frames.ts";

const KiB = 1024;
const LENGTH = 1_000_000;
const FIRST = 1;
const LAST = 2;

/** A piece as it arrives, whose flags are at 1. */
function pieceOf(flags: number, length: number | undefined, bytes: Uint8Array): Buffer {
  const head = Buffer.alloc(length === undefined ? 2 : 6);
  head[1] = flags;
  if (length !== undefined) head.writeUInt32BE(length, 2);
  return Buffer.concat([head, bytes]);
}

test("a frame costs memory as it arrives, and its length alone nothing", () => {
  const taken: number[] = [];
  const assembler = new PieceAssembler({
    frameBytesMax: LENGTH,
    onTaken: (bytes) => taken.push(bytes),
  });
  const whole = pattern(LENGTH);
  let frame: Buffer | undefined;
  for (let at = 0; at < LENGTH; at += 10_000) {
    const flags = (at === 0 ? FIRST : 0) | (at + 10_000 === LENGTH ? LAST : 0);
    const bytes = whole.subarray(at, at + 10_000);
    const piece = pieceOf(flags, at === 0 ? LENGTH : undefined, bytes);
    frame = assembler.take(piece, 1, piece.length);
    expect(assembler.heldBytes).toBeLessThanOrEqual(Math.max(128 * KiB, 2 * (at + 10_000)));
  }
  expect(frame?.equals(whole)).toBe(true);
  expect(assembler.heldBytes).toBe(0);
  // Four pieces at a time make more than 32 KiB.
  expect(taken).toEqual(Array.from({ length: 25 }, () => 40_000));
});

test("what was begun is forgotten when the link goes", () => {
  const assembler = new PieceAssembler({ frameBytesMax: LENGTH, onTaken: () => {} });
  const first = pieceOf(FIRST, LENGTH, Buffer.of(1));
  assembler.take(first, 1, first.length);
  expect(assembler.heldBytes).toBe(128 * KiB);
  assembler.clear();
  expect(assembler.heldBytes).toBe(0);
});
