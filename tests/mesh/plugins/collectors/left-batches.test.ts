import { expect, test } from "bun:test";
import { leaveBatches, takeLeftBatches } from "../../../../mesh/plugins/collectors/left-batches.ts";
import type { SentBatch } from "../../../../mesh/plugins/collectors/sent-batches.ts";
import { LEFT_BYTES_MAX, LEFT_MS_MAX } from "../../../../mesh/plugins/collectors/socket-limits.ts";

/** It was sent long ago: its receiver has been away since. */
function batch(bytes = 1): SentBatch {
  return { bytes: new Uint8Array(bytes), atMs: 0, resends: 0 };
}

const DAY_MS = 24 * 60 * 60_000;

test("what was left is taken once, however long its receiver is away", () => {
  const left = [batch()];
  leaveBatches("a", left, DAY_MS);
  expect(takeLeftBatches("b", DAY_MS)).toEqual([]);
  expect(takeLeftBatches("a", DAY_MS + LEFT_MS_MAX)).toEqual(left);
  expect(takeLeftBatches("a", DAY_MS + LEFT_MS_MAX)).toEqual([]);
});

test("a collector that is brought back much later gets nothing", () => {
  leaveBatches("a", [batch()], 0);
  expect(takeLeftBatches("a", LEFT_MS_MAX + 1)).toEqual([]);
});

test("what was left first is let go of where all have left too much", () => {
  for (const key of ["a", "b", "c"]) leaveBatches(key, [batch(LEFT_BYTES_MAX / 2)], 0);
  expect(["a", "b", "c"].map((key) => takeLeftBatches(key, 0).length)).toEqual([0, 1, 1]);
});
