import { describe, expect, test } from "bun:test";
import type { SubscriptionQueueLimits } from "../../../mesh/topics/limits.ts";
import { MessageStream } from "../../../mesh/topics/message-stream.ts";
import { nextTurn, rejection } from "../../helpers/turns.ts";

function setUp(limits: Partial<SubscriptionQueueLimits> = {}) {
  const told = { stopped: 0, turns: 0 };
  const stream = new MessageStream<number>({
    pattern: "chat.>",
    limits,
    schedule: (task) => {
      told.turns += 1;
      setImmediate(task);
    },
    onStopped: () => {
      told.stopped += 1;
    },
  });
  return { stream, told };
}

/** Takes messages until the stream ends. */
async function collect(stream: MessageStream<number>, into: number[] = []): Promise<number[]> {
  for await (const message of stream) into.push(message);
  return into;
}

describe("iterating", () => {
  test("gives what waited and what comes, in order", async () => {
    const { stream } = setUp();
    const got: number[] = [];
    stream.deliver(1, 10);
    stream.deliver(2, 10);
    expect([stream.pending, stream.pendingBytes]).toEqual([2, 20]);
    const done = collect(stream, got);
    await nextTurn();
    stream.deliver(3, 10);
    expect(got).toEqual([1, 2]);
    await nextTurn();
    expect(got).toEqual([1, 2, 3]);
    expect([stream.pending, stream.pendingBytes, stream.dropped]).toEqual([0, 0, 0]);
    stream.unsubscribe();
    await done;
  });

  test("leaving the loop unsubscribes", async () => {
    const { stream, told } = setUp();
    stream.deliver(1, 1);
    stream.deliver(2, 1);
    for await (const message of stream) {
      expect(message).toBe(1);
      break;
    }
    expect(told.stopped).toBe(1);
    expect(stream.pending).toBe(0);
    expect(stream.deliver(3, 1)).toBe(0);
    expect(await collect(stream)).toEqual([]);
  });

  test("an error in the loop unsubscribes and is the loop's", async () => {
    const { stream, told } = setUp();
    stream.deliver(1, 1);
    const loop = async (): Promise<void> => {
      for await (const message of stream) throw new Error(`no ${message}`);
    };
    expect(await rejection(loop())).toEqual(new Error("no 1"));
    expect(told.stopped).toBe(1);
  });

  test("two loops share the messages", async () => {
    const { stream } = setUp();
    const one: number[] = [];
    const other: number[] = [];
    const done = Promise.all([collect(stream, one), collect(stream, other)]);
    for (let message = 0; message < 10; message += 1) stream.deliver(message, 1);
    await nextTurn();
    expect(one.length + other.length).toBe(10);
    expect(new Set([...one, ...other]).size).toBe(10);
    await stream.drain();
    await done;
  });

  test("messages of one turn cost one turn", async () => {
    const { stream, told } = setUp();
    const done = collect(stream);
    for (let message = 0; message < 50; message += 1) stream.deliver(message, 1);
    await nextTurn();
    expect(told.turns).toBe(1);
    stream.unsubscribe();
    expect(await done).toHaveLength(50);
  });

  test("a loop that is delivered to from within leaves time for everything else", async () => {
    const { stream } = setUp();
    let count = 0;
    stream.deliver(0, 1);
    const loop = async (): Promise<void> => {
      for await (const message of stream) {
        count += 1;
        stream.deliver(message, 1);
      }
    };
    const done = loop();
    await nextTurn();
    await nextTurn();
    expect(count).toBeGreaterThan(64);
    stream.unsubscribe();
    await done;
  });
});

describe("a reader that lags", () => {
  test("loses the oldest messages, which are counted", async () => {
    const { stream } = setUp({ messagesMax: 3 });
    const dropped = [1, 2, 3, 4, 5].map((message) => stream.deliver(message, 1));
    expect(dropped).toEqual([0, 0, 0, 1, 1]);
    expect([stream.pending, stream.dropped]).toEqual([3, 2]);
    void stream.drain();
    expect(await collect(stream)).toEqual([3, 4, 5]);
  });

  test("holds 16,384 messages and 4 MiB unless told otherwise", () => {
    const { stream: many } = setUp();
    for (let message = 0; message < 16_390; message += 1) many.deliver(message, 1);
    expect([many.pending, many.dropped]).toEqual([16_384, 6]);
    const { stream: long } = setUp();
    for (let message = 0; message < 10; message += 1) long.deliver(message, 1 << 20);
    expect([long.pending, long.dropped]).toEqual([4, 6]);
  });
});

describe("limits", () => {
  test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])("%p is none", (value) => {
    for (const name of ["messagesMax", "bytesMax"]) {
      expect(() => setUp({ [name]: value })).toThrow(
        expect.objectContaining({
          code: "invalid_option",
          message: `the queue of a subscription: ${name} must be a whole number from 1, not ${value}`,
        }),
      );
    }
  });
});

describe("ending", () => {
  test("unsubscribe discards what waits and ends a loop that waits", async () => {
    const { stream, told } = setUp();
    const done = collect(stream);
    await nextTurn();
    stream.deliver(1, 1);
    stream.unsubscribe();
    stream.unsubscribe();
    expect(await done).toEqual([]);
    expect([told.stopped, stream.pending, stream.dropped]).toEqual([1, 0, 0]);
  });

  test("drain delivers what waits and nothing that comes later", async () => {
    const { stream, told } = setUp();
    for (let message = 0; message < 100; message += 1) stream.deliver(message, 1);
    const drained = stream.drain();
    expect(told.stopped).toBe(1);
    stream.deliver(1000, 1);
    const got = await collect(stream);
    expect(got).toEqual(Array.from({ length: 100 }, (_, message) => message));
    await drained;
    await stream.drain();
    expect(told.stopped).toBe(1);
  });

  test("drain resolves at once when nothing waits, and ends a loop that waits", async () => {
    const { stream } = setUp();
    const done = collect(stream);
    await nextTurn();
    await stream.drain();
    expect(await done).toEqual([]);
  });

  test("unsubscribe gives up a drain that nobody helps", async () => {
    const { stream, told } = setUp();
    stream.deliver(1, 1);
    const drained = stream.drain();
    await nextTurn();
    expect(stream.pending).toBe(1);
    stream.unsubscribe();
    await drained;
    expect([told.stopped, stream.pending]).toEqual([1, 0]);
  });
});
