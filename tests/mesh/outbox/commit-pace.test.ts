import { expect, test } from "bun:test";
import { CommitPace } from "../../../mesh/outbox/commit-pace.ts";
import { ManualClock } from "../manual-clock.ts";

function paced(tookMs: readonly number[]): { clock: ManualClock; pace: CommitPace } {
  const clock = new ManualClock();
  const pace = new CommitPace(clock);
  for (const ms of tookMs) pace.measure(() => clock.jump(ms));
  return { clock, pace };
}

test("a fast disk is never waited for", () => {
  expect(paced([1, 2, 1, 3, 1]).pace.pauseMs).toBe(0);
});

test("one long commit is no slow disk", () => {
  expect(paced([1, 1, 1, 30]).pace.pauseMs).toBe(0);
});

test("on a slow disk a pause of half the time follows, and only so long", () => {
  const { clock, pace } = paced(Array.from({ length: 60 }, () => 20));
  expect(pace.pauseMs).toBeCloseTo(10, 0);
  clock.jump(4);
  expect(pace.pauseMs).toBeCloseTo(6, 0);
  clock.jump(10);
  expect(pace.pauseMs).toBe(0);
});

test("the pause has a bound", () => {
  expect(paced(Array.from({ length: 20 }, () => 5000)).pace.pauseMs).toBe(50);
});

test("a commit that fails counts, too", () => {
  const { clock, pace } = paced([]);
  const fail = () => {
    clock.jump(100);
    throw new Error("the disk failed");
  };
  expect(() => pace.measure(fail)).toThrow("the disk failed");
  expect(pace.pauseMs).toBeGreaterThan(0);
});
