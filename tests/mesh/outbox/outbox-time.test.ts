import { expect, test } from "bun:test";
import { OutboxTime } from "../../../mesh/outbox/outbox-time.ts";
import { ManualClock } from "../manual-clock.ts";

const HOUR_MS = 3_600_000;

/** A machine with a clock that somebody may set. */
class Machine {
  readonly clock = new ManualClock();
  wall: number;
  aheadMs = 0;

  constructor(wallMs: number) {
    this.wall = wallMs;
  }

  start(newestMs = 0): OutboxTime {
    const wallMs = () => this.wall;
    return new OutboxTime({ clock: this.clock, wallMs, aheadMs: this.aheadMs, newestMs });
  }

  pass(ms: number): void {
    this.clock.advance(ms);
    this.wall += ms;
  }

  keep(time: OutboxTime): void {
    const aheadMs = time.unkeptAheadMs;
    if (aheadMs === undefined) return;
    this.aheadMs = aheadMs;
    time.onKept(aheadMs);
  }
}

test("while nobody sets the clock, it is the time of the wall", () => {
  const machine = new Machine(1_000_000);
  const time = machine.start();
  machine.pass(500);
  expect(time.now()).toBe(1_000_500);
  expect(time.wallAt(1_000_100)).toBe(1_000_100);
  expect(time.unkeptAheadMs).toBeUndefined();
});

test("it goes on evenly when the clock is put back, and forward", () => {
  const machine = new Machine(10 * HOUR_MS);
  const time = machine.start();
  machine.wall -= HOUR_MS;
  machine.pass(100);
  expect(time.now()).toBe(10 * HOUR_MS + 100);
  machine.wall += 3 * HOUR_MS;
  machine.pass(100);
  expect(time.now()).toBe(10 * HOUR_MS + 200);
});

test("what is older than a jump is told in the time of the clock as it is now", () => {
  const machine = new Machine(10 * HOUR_MS);
  const time = machine.start();
  const at = time.now();
  machine.pass(100);
  machine.wall += HOUR_MS;
  expect(time.wallAt(at)).toBe(11 * HOUR_MS);
});

test("a start after a jump goes on from the time that really passed", () => {
  const machine = new Machine(0);
  const first = machine.start();
  const at = first.now();
  // A machine that starts in 1970 learns the year.
  machine.wall = 500_000 * HOUR_MS;
  machine.pass(1000);
  machine.keep(first);
  machine.pass(HOUR_MS);
  expect(machine.start(at).now() - at).toBe(HOUR_MS + 1000);
});

test("a clock put back while the node was down makes nothing newer than what comes", () => {
  const machine = new Machine(10 * HOUR_MS);
  const at = machine.start().now();
  machine.wall -= HOUR_MS;
  const second = machine.start(at);
  expect(second.now()).toBe(at);
  machine.pass(50);
  expect(second.now()).toBe(at + 50);
  machine.keep(second);
  expect(machine.aheadMs).toBe(-HOUR_MS);
});
