import { beforeEach, describe, expect, test } from "bun:test";
import {
  QUIET_LOOKS_MAX,
  REFUSALS_LOGGED_EVERY_MS,
  REFUSALS_LOOK_MS,
} from "../../../mesh/durable/limits.ts";
import { RefusalWatch } from "../../../mesh/durable/refusal-watch.ts";
import { OutboxError, type OutboxErrorCode } from "../../../mesh/outbox/outbox-error.ts";
import { RecordingLogger } from "../../helpers/recording-logger.ts";
import { rejection } from "../../helpers/turns.ts";
import { ManualClock } from "../manual-clock.ts";

const FULL = "what is published is refused: no room (full)";
const DISK_FULL = "what is published is refused: no room (disk_full)";
const AGAIN = "what is published is kept again";
const NO_MORE = "nothing more comes of what was refused";

let clock: ManualClock;
let log: RecordingLogger;
let watch: RefusalWatch;
beforeEach(() => {
  clock = new ManualClock();
  log = new RecordingLogger();
  watch = new RefusalWatch({ log, clock });
});

async function refuse(code: OutboxErrorCode, queue?: string): Promise<void> {
  const error = new OutboxError(code, `no room (${code})`);
  expect(await rejection(watch.watch(Promise.reject(error), queue))).toBe(error);
}

async function keep(queue?: string): Promise<void> {
  await watch.watch(Promise.resolve(1), queue);
}

function told(): string[] {
  return log.lines.map(({ message }) => message);
}

describe("what cannot be kept", () => {
  test("is told once when it begins, and once when it is over", async () => {
    await keep("a");
    expect(clock.timers).toBe(0);
    for (let n = 0; n < 100; n += 1) await refuse("full", "a");
    expect(told()).toEqual([FULL]);
    clock.advance(REFUSALS_LOOK_MS);
    await keep("a");
    expect(told()).toEqual([FULL]);
    clock.advance(REFUSALS_LOOK_MS);
    expect(told()).toEqual([FULL, AGAIN]);
    expect(log.lines.at(-1)).toMatchObject({ level: "info", fields: { queue: "a", refused: 99 } });
    expect(clock.timers).toBe(0);
    await refuse("full", "a");
    expect(told()).toEqual([FULL, AGAIN, FULL]);
  });

  test("is told of again once in ten minutes, also where one is kept now and then", async () => {
    for (let ms = 0; ms < 2 * REFUSALS_LOGGED_EVERY_MS; ms += REFUSALS_LOOK_MS / 2) {
      await refuse("full", "a");
      await keep("a");
      clock.advance(REFUSALS_LOOK_MS / 2);
    }
    expect(told()).toEqual([FULL, FULL]);
  });

  test("is not over because nothing is published", async () => {
    await refuse("disk_full", "a");
    for (let looks = 0; looks < 10; looks += 1) clock.advance(REFUSALS_LOOK_MS);
    expect(told()).toEqual([DISK_FULL]);
  });

  test("is waited for no more once nothing has come for as long as it would be told of again", async () => {
    for (const queue of ["gone", "gone", "a"]) await refuse("full", queue);
    for (let looks = 0; looks < QUIET_LOOKS_MAX; looks += 1) clock.advance(REFUSALS_LOOK_MS);
    expect(told()).toEqual([FULL, FULL]);
    await refuse("full", "a");
    clock.advance(REFUSALS_LOOK_MS);
    expect(told()).toEqual([FULL, FULL, FULL, NO_MORE]);
    expect(log.lines.at(-1)).toMatchObject({
      level: "info",
      fields: { queue: "gone", refused: 1 },
    });
    await keep("a");
    clock.advance(REFUSALS_LOOK_MS);
    expect(told().slice(4)).toEqual([AGAIN]);
    expect(clock.timers).toBe(0);
    await refuse("full", "gone");
    expect(told().slice(5)).toEqual([FULL]);
  });

  test("is told for each queue that is full, and once of a disk that is", async () => {
    for (const queue of ["a", "b", undefined]) await refuse("disk_full", queue);
    for (const queue of ["a", "b"]) await refuse("full", queue);
    expect(told()).toEqual([DISK_FULL, FULL, FULL]);
    clock.advance(REFUSALS_LOOK_MS);
    await keep("b");
    clock.advance(REFUSALS_LOOK_MS);
    expect(log.lines.slice(3).map(({ fields }) => fields["queue"])).toEqual([undefined, "b"]);
  });

  test.each(["too_large", "closed", "discarded"] as const)(
    "for another reason is its publisher's matter: %s",
    async (code) => {
      await refuse(code, "a");
      expect(told()).toEqual([]);
    },
  );

  test("is told of no more once the node ends", async () => {
    await refuse("full", "a");
    watch.stop();
    await refuse("disk_full", "a");
    expect(told()).toEqual([FULL]);
    expect(clock.timers).toBe(0);
  });
});
