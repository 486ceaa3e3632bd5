import { expect, test } from "bun:test";
import { HeldFrames } from "../../../mesh/cluster/held-frames.ts";

test("a small frame is held as it was, whatever its memory is used for afterwards", () => {
  const scratch = Buffer.from("first");
  const held = new HeldFrames(1000);
  held.push(scratch, "a");
  scratch.write("other");
  held.push(scratch, undefined);
  const texts = [...held].map(({ frame, order }) => [Buffer.from(frame).toString(), order]);
  expect(texts).toEqual([
    ["first", "a"],
    ["other", undefined],
  ]);
});
