import { expect, test } from "bun:test";
import { BacklogWatch } from "../../../mesh/durable/backlog-watch.ts";
import type { NamedQueue } from "../../../mesh/outbox/outbox.ts";
import { RecordingLogger } from "../../helpers/recording-logger.ts";
import { ManualClock } from "../manual-clock.ts";

const MINUTE_MS = 60_000;

function queue(name: string, oldestAt: number | undefined): NamedQueue {
  const counts = { depth: 3, bytes: 9, appended: 3, removed: 0, refused: 0, dropped: 0, dead: 0 };
  return { name, isOpen: true, oldestAt, ...counts };
}

test("warns of what is older than five minutes, once in ten", () => {
  const clock = new ManualClock();
  const log = new RecordingLogger();
  const beganAt = clock.now();
  let queues = [queue("peer:bhop", beganAt), queue("empty", undefined)];
  const watch = new BacklogWatch({ queues: () => queues, log, clock, date: () => clock.now() });
  clock.advance(5 * MINUTE_MS - 1);
  expect(log.messages("warn")).toEqual([]);
  clock.advance(MINUTE_MS);
  expect(log.lines).toMatchObject([{ fields: { queue: "peer:bhop", depth: 3, oldestMinutes: 5 } }]);
  clock.advance(9 * MINUTE_MS);
  expect(log.lines.length).toBe(1);
  clock.advance(2 * MINUTE_MS);
  expect(log.lines.length).toBe(2);
  // Gone meanwhile, and back: that is news.
  queues = [];
  clock.advance(MINUTE_MS);
  queues = [queue("peer:bhop", beganAt)];
  clock.advance(MINUTE_MS);
  expect(log.lines.length).toBe(3);
  watch.stop();
  clock.advance(60 * MINUTE_MS);
  expect(log.lines.length).toBe(3);
  expect(clock.timers).toBe(0);
});
