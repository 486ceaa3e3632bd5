import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { Deadlines } from "../../../mesh/messaging/deadlines.ts";
import { ManualClock } from "../manual-clock.ts";

interface Item {
  readonly dueMs: number;
}

function setUp() {
  const clock = new ManualClock(0);
  const due: { readonly item: Item; readonly atMs: number }[] = [];
  const deadlines = new Deadlines<Item>(clock, (item) => due.push({ item, atMs: clock.now() }));
  return { clock, due, deadlines };
}

test("each is told once, in its time, with one timer for all", () => {
  const { clock, due, deadlines } = setUp();
  for (const dueMs of [500, 100, 300, 100]) deadlines.add({ dueMs });
  expect(clock.timers).toBe(1);
  clock.advance(99);
  expect(due).toEqual([]);
  clock.advance(1);
  expect(due.map(({ item }) => item.dueMs)).toEqual([100, 100]);
  clock.advance(1000);
  expect(due.map(({ item }) => item.dueMs)).toEqual([100, 100, 300, 500]);
  expect([clock.timers, deadlines.size]).toEqual([0, 0]);
});

test("what was deleted or cleared is not told", () => {
  const { clock, due, deadlines } = setUp();
  const item = { dueMs: 100 };
  deadlines.add(item);
  deadlines.delete(item);
  clock.advance(200);
  deadlines.add({ dueMs: 300 });
  deadlines.clear();
  expect(clock.timers).toBe(0);
  clock.advance(1000);
  expect(due).toEqual([]);
});

test("what is added by what was due is told in its time", () => {
  const clock = new ManualClock(0);
  const told: number[] = [];
  const deadlines: Deadlines<Item> = new Deadlines<Item>(clock, () => {
    told.push(clock.now());
    if (told.length < 4) deadlines.add({ dueMs: clock.now() + 50 });
  });
  deadlines.add({ dueMs: 1000 });
  deadlines.add({ dueMs: 100 });
  clock.advance(2000);
  expect(told.slice(0, 3)).toEqual([100, 150, 200]);
  expect(told.at(-1)).toBe(1000);
});

test("any additions: nothing early, nothing more than 10 ms late", () => {
  const step = fc.record({ inMs: fc.nat(200), thenMs: fc.nat(30) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const { clock, due, deadlines } = setUp();
      for (const { inMs, thenMs } of steps) {
        deadlines.add({ dueMs: clock.now() + inMs });
        clock.advance(thenMs);
      }
      clock.advance(1000);
      expect(due).toHaveLength(steps.length);
      for (const { item, atMs } of due) {
        expect(atMs).toBeGreaterThanOrEqual(item.dueMs);
        expect(atMs).toBeLessThanOrEqual(item.dueMs + 10);
      }
    }),
  );
});
