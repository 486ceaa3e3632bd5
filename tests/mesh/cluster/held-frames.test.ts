import { expect, test } from "bun:test";
import { HeldFrames } from "../../../mesh/cluster/held-frames.ts";

test("a small frame is held as it was, whatever its memory is used for afterwards", () => {
  const scratch = Buffer.from("first");
  const held = new HeldFrames({ bytesMax: 1000, controlBytesMax: 0 });
  held.push(scratch, "a");
  scratch.write("other");
  held.push(scratch, undefined);
  const texts = [...held].map(({ frame, order }) => [Buffer.from(frame).toString(), order]);
  expect(texts).toEqual([
    ["first", "a"],
    ["other", undefined],
  ]);
});

test("what must arrive has room where messages have none", () => {
  const held = new HeldFrames({ bytesMax: 100, controlBytesMax: 50 });
  expect(held.push(new Uint8Array(100), "a")).toBe(true);
  expect(held.push(new Uint8Array(1), "a")).toBe(false);
  expect(held.push(new Uint8Array(50), undefined)).toBe(true);
  expect(held.push(new Uint8Array(1), undefined)).toBe(false);
  expect(held.bytes).toBe(150);
});
