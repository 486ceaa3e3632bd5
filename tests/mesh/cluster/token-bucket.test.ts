import { expect, test } from "bun:test";
import { TokenBucket } from "../../../mesh/cluster/token-bucket.ts";

test("a bucket lets a burst through, then so many a second, and never gathers more than it holds", () => {
  let nowMs = 1000;
  const bucket = new TokenBucket({ max: 3, perSecond: 2, now: () => nowMs });
  const taken = (): number => [1, 2, 3, 4, 5].filter(() => bucket.take()).length;
  expect(taken()).toBe(3);
  expect(bucket.waitMs).toBe(500);
  nowMs += bucket.waitMs;
  expect(taken()).toBe(1);
  nowMs += 1_000_000;
  expect(bucket.take(4)).toBe(false);
  expect(bucket.take(3)).toBe(true);
  expect(bucket.take()).toBe(false);
});
