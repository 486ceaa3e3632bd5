import { expect, test } from "bun:test";
import { DEFAULT_OPENTTD_LIMITS } from "../../../../../mesh/plugins/games/openttd/limits.ts";
import { OpenttdError } from "../../../../../mesh/plugins/games/openttd/openttd-error.ts";
import { RconQueue } from "../../../../../mesh/plugins/games/openttd/rcon-queue.ts";
import { rejection } from "../../../../helpers/turns.ts";
import { ManualClock } from "../../../manual-clock.ts";

const limits = { ...DEFAULT_OPENTTD_LIMITS, rconCommandsMax: 3, rconReplyCharsMax: 20 };

function setUp() {
  const clock = new ManualClock();
  return { clock, queue: new RconQueue({ limits, clock }) };
}

const sent = (): boolean => true;

test("answers go to their commands in order", async () => {
  const { queue, clock } = setUp();
  const first = queue.add(sent, 100);
  const second = queue.add(sent, 100);
  queue.onLine("one");
  queue.onLine("two");
  queue.onEnd();
  queue.onEnd();
  expect(await first).toEqual({ lines: ["one", "two"], truncated: false });
  expect(await second).toEqual({ lines: [], truncated: false });
  expect(clock.timers).toBe(0);
});

test("an answer that comes too late is nobody else's", async () => {
  const { queue, clock } = setUp();
  const slow = queue.add(sent, 100);
  const other = queue.add(sent, 1000);
  clock.advance(100);
  expect(await rejection(slow)).toMatchObject({ code: "timeout" });
  queue.onLine("late");
  queue.onEnd();
  queue.onLine("in time");
  queue.onEnd();
  expect(await other).toEqual({ lines: ["in time"], truncated: false });
});

test("a command past the limit is not sent, nor is one that the line does not take", async () => {
  const { queue } = setUp();
  const first = queue.add(sent, 100);
  expect(await rejection(queue.add(() => false, 100))).toMatchObject({ code: "queue_full" });
  void queue.add(sent, 100);
  void queue.add(sent, 100);
  let tries = 0;
  const refused = queue.add(() => {
    tries += 1;
    return true;
  }, 100);
  expect(await rejection(refused)).toMatchObject({ code: "queue_full" });
  expect(tries).toBe(0);
  queue.onLine("fine");
  queue.onEnd();
  expect((await first).lines).toEqual(["fine"]);
});

test("of an endless answer only so much is kept", async () => {
  const { queue } = setUp();
  const reply = queue.add(sent, 100);
  for (let line = 0; line < 1000; line += 1) queue.onLine("123456789");
  queue.onEnd();
  expect(await reply).toEqual({ lines: ["123456789", "123456789"], truncated: true });
});

test("lines and ends that nobody asked for change nothing", async () => {
  const { queue } = setUp();
  queue.onLine("from nowhere");
  queue.onEnd();
  const reply = queue.add(sent, 100);
  queue.onLine("answer");
  queue.onEnd();
  expect((await reply).lines).toEqual(["answer"]);
});

test("when the connection is over, all who wait are told why, and no timer is left", async () => {
  const { queue, clock } = setUp();
  const replies = [queue.add(sent, 100), queue.add(sent, 100)].map(rejection);
  const error = new OpenttdError("closed", "over");
  queue.fail(error);
  expect(await Promise.all(replies)).toEqual([error, error]);
  expect(clock.timers).toBe(0);
});
