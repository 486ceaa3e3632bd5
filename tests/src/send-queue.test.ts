import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { ByteBudget } from "../../src/byte-budget.ts";
import { SendQueue } from "../../src/send-queue.ts";
import { frame, parseFrames, pattern } from "../helpers/frames.ts";
import { MemoryTransport } from "../helpers/memory-transport.ts";
import { nextTurn } from "../helpers/turns.ts";

const KiB = 1024;
const MiB = 1024 * KiB;

function setUp({ highWaterBytes = 1 << 20, budgetBytes = 1 << 30 } = {}) {
  const transport = new MemoryTransport();
  const budget = new ByteBudget(budgetBytes);
  const told = { empty: 0, exhausted: 0 };
  const hooks: { onEmpty: (() => void) | undefined } = { onEmpty: undefined };
  const queue = new SendQueue({
    transport,
    highWaterBytes,
    budget,
    owner: {
      onMemoryExhausted: () => {
        told.exhausted += 1;
        return false;
      },
      onQueueEmpty: () => {
        told.empty += 1;
        hooks.onEmpty?.();
      },
    },
  });
  return { transport, budget, told, hooks, queue };
}

describe("small messages", () => {
  test("of one turn leave together, in one write", async () => {
    const { queue, transport, told, budget } = setUp();
    for (let count = 0; count < 100; count += 1) queue.push(5, Buffer.from(`${count}`));
    expect(transport.writes).toBe(0);
    await nextTurn();
    expect(transport.writes).toBe(1);
    expect(parseFrames(transport.taken).map(({ data }) => data.toString())).toEqual(
      Array.from({ length: 100 }, (_, count) => `${count}`),
    );
    expect(told.empty).toBe(1);
    expect(budget.bytes).toBe(0);
  });

  test("leave at once when 64 KiB have come together", () => {
    const { queue, transport } = setUp();
    for (let count = 0; count < 64; count += 1) queue.push(5, Buffer.alloc(KiB - 4));
    expect(transport.taken.length).toBe(64 * KiB);
  });

  test("that are corked leave when their owner says so", () => {
    const { queue, transport } = setUp();
    queue.cork();
    queue.push(5, Buffer.from("a"));
    queue.push(5, Buffer.from("b"));
    expect(transport.writes).toBe(0);
    queue.flush();
    expect(transport.writes).toBe(1);
    expect(parseFrames(transport.taken).length).toBe(2);
  });

  test("may be changed by the caller at once", async () => {
    const { queue, transport } = setUp();
    const data = Buffer.from("before");
    queue.push(5, data);
    data.fill(0);
    await nextTurn();
    expect(transport.taken.equals(frame(5, "before"))).toBe(true);
  });
});

describe("large data", () => {
  test.each([64 * KiB + 1, 128 * KiB, 128 * KiB + 1, 1_000_000])(
    "of %i bytes goes out at once and whole",
    (bytes) => {
      const { queue, transport, budget } = setUp();
      queue.push(5, pattern(bytes));
      expect(transport.taken.equals(frame(5, pattern(bytes)))).toBe(true);
      expect(budget.bytes).toBe(0);
    },
  );

  test("may be changed by the caller at once, taken or not", () => {
    const { queue, transport } = setUp();
    transport.capacity = 1000;
    const data = pattern(200_000);
    const second = pattern(90_000, 3);
    queue.push(5, data);
    queue.push(5, second);
    const expected = Buffer.concat([frame(5, data), frame(5, second)]);
    data.fill(0);
    second.fill(0);
    transport.capacity = Number.POSITIVE_INFINITY;
    queue.onDrain();
    expect(transport.taken.equals(expected)).toBe(true);
  });

  test("is not torn apart by what the owner sends when the queue runs empty", async () => {
    const { queue, transport, hooks } = setUp();
    hooks.onEmpty = () => {
      hooks.onEmpty = undefined;
      queue.push(5, Buffer.from("an answer"));
    };
    queue.push(5, Buffer.from("small"));
    queue.push(5, pattern(100_000));
    await nextTurn();
    expect(parseFrames(transport.taken).map(({ data }) => data.length)).toEqual([5, 100_000, 9]);
  });

  test("that waits costs little more than its size", () => {
    const { queue, transport, budget } = setUp();
    transport.capacity = 0;
    for (let count = 0; count < 20; count += 1) queue.push(5, Buffer.alloc(70_000));
    expect(budget.bytes).toBeLessThan(queue.bytes * 1.1 + 128 * KiB);
  });
});

describe("the owner", () => {
  test("hears that the queue is empty only after `push` has returned", async () => {
    const { queue, told } = setUp();
    queue.push(5, Buffer.alloc(200_000));
    for (let count = 0; count < 70; count += 1) queue.push(5, Buffer.alloc(KiB));
    expect(told.empty).toBe(0);
    await nextTurn();
    expect(told.empty).toBeGreaterThan(0);
  });

  test("hears of a budget without room, and nothing is queued", () => {
    const { queue, told, budget } = setUp({ budgetBytes: 1000 });
    queue.push(5, Buffer.from("x"));
    expect(told.exhausted).toBe(1);
    expect(queue.bytes).toBe(0);
    expect(budget.bytes).toBe(0);
  });
});

describe("a transport that is full", () => {
  test("is not written to again before it drains", async () => {
    const { queue, transport } = setUp();
    transport.capacity = 0;
    queue.push(5, Buffer.from("a"));
    await nextTurn();
    const { writes } = transport;
    queue.push(5, Buffer.from("b"));
    await nextTurn();
    queue.flush();
    expect(transport.writes).toBe(writes);
    transport.capacity = Number.POSITIVE_INFINITY;
    queue.onDrain();
    expect(transport.taken.equals(Buffer.concat([frame(5, "a"), frame(5, "b")]))).toBe(true);
  });

  test("may drain for nothing", async () => {
    const { queue, transport, told } = setUp();
    queue.onDrain();
    expect(told.empty).toBe(0);
    transport.capacity = 3;
    queue.push(5, Buffer.from("abc"));
    await nextTurn();
    queue.onDrain();
    queue.onDrain();
    expect(queue.bytes).toBe(4);
    expect(queue.takenBytes).toBe(3);
  });

  test("that was closed meanwhile takes nothing and breaks nothing", async () => {
    const { queue, transport, budget } = setUp();
    transport.terminate();
    queue.push(5, Buffer.alloc(100_000));
    queue.push(5, Buffer.from("x"));
    await nextTurn();
    expect(queue.takenBytes).toBe(0);
    queue.close();
    expect(queue.bytes).toBe(0);
    expect(budget.bytes).toBe(0);
  });
});

describe("room", () => {
  test("ends at the high-water mark and returns below it", async () => {
    const { queue, transport } = setUp({ highWaterBytes: 100 });
    transport.capacity = 0;
    queue.push(5, Buffer.alloc(90));
    expect(queue.hasRoom).toBe(true);
    queue.push(5, Buffer.alloc(2));
    expect(queue.hasRoom).toBe(false);
    await nextTurn();
    transport.capacity = 1;
    queue.onDrain();
    expect(queue.hasRoom).toBe(true);
  });

  test("is waited for by `drained`", async () => {
    const { queue, transport } = setUp({ highWaterBytes: 10 });
    await queue.drained();
    transport.capacity = 0;
    queue.push(5, Buffer.alloc(20));
    let woken = 0;
    const waiting = [queue.drained(), queue.drained()].map(async (drained) => {
      await drained;
      woken += 1;
    });
    await nextTurn();
    transport.capacity = 5;
    queue.onDrain();
    await nextTurn();
    expect(woken).toBe(0);
    transport.capacity = 100;
    queue.onDrain();
    await Promise.all(waiting);
    expect(woken).toBe(2);
  });

  test("is not waited for once the queue is closed", async () => {
    const { queue, transport, budget } = setUp({ highWaterBytes: 10 });
    transport.capacity = 0;
    queue.push(5, Buffer.alloc(20));
    const drained = queue.drained();
    queue.close();
    await drained;
    await queue.drained();
    queue.push(5, Buffer.alloc(20));
    expect(queue.bytes).toBe(0);
    expect(budget.bytes).toBe(0);
  });
});

describe("a message that goes ahead", () => {
  test("of what the transport takes no more of is behind the block that is being written, and no more", () => {
    const { queue, transport } = setUp();
    transport.capacity = 1000;
    for (let count = 0; count < 1000; count += 1) queue.push(5, pattern(KiB, count));
    queue.pushAhead(6, Buffer.from("first"));
    queue.pushAhead(6, Buffer.from("second"));
    transport.capacity = Number.POSITIVE_INFINITY;
    queue.onDrain();
    const codes = parseFrames(transport.taken).map(({ code }) => code);
    expect(codes).toHaveLength(1002);
    expect(codes.indexOf(6)).toBeLessThan(129);
    expect(codes.lastIndexOf(6)).toBe(codes.indexOf(6) + 1);
  });

  test("never cuts a large one", () => {
    const { queue, transport } = setUp();
    transport.capacity = 100_000;
    queue.push(5, pattern(MiB, 1));
    queue.pushAhead(6, Buffer.from("ahead"));
    queue.push(5, pattern(MiB, 2));
    transport.capacity = Number.POSITIVE_INFINITY;
    queue.onDrain();
    expect(parseFrames(transport.taken).map(({ data }) => data.length)).toEqual([MiB, 5, MiB]);
  });

  test("keeps its place where all that is queued leaves together", async () => {
    const { queue, transport } = setUp();
    queue.push(5, Buffer.from("a"));
    queue.pushAhead(6, Buffer.from("b"));
    await nextTurn();
    expect(transport.writes).toBe(1);
    expect(parseFrames(transport.taken).map(({ code }) => code)).toEqual([5, 6]);
  });

  test("costs little more than its size, however many there are", () => {
    const { queue, transport, budget } = setUp();
    transport.capacity = 0;
    queue.push(5, Buffer.alloc(10));
    queue.flush();
    for (let count = 0; count < 10_000; count += 1) queue.pushAhead(6, Buffer.alloc(9));
    expect(queue.heldBytes).toBeLessThan(1.2 * queue.bytes + 8 * KiB);
    queue.close();
    expect(budget.bytes).toBe(0);
  });
});

describe("properties", () => {
  const edges = [0, 1, 4088, 4092, 4093, 4096, 65_531, 65_532, 65_536, 65_537, 131_068, 131_073];
  const sizes = fc.oneof(
    { weight: 6, arbitrary: fc.nat({ max: 300 }) },
    { weight: 3, arbitrary: fc.constantFrom(...edges) },
    { weight: 1, arbitrary: fc.nat({ max: 150_000 }) },
  );
  const steps = fc.array(
    fc.oneof(
      { weight: 5, arbitrary: sizes.map((push) => ({ push })) },
      { weight: 2, arbitrary: sizes.map((ahead) => ({ ahead })) },
      { weight: 2, arbitrary: fc.nat({ max: 140_000 }).map((capacity) => ({ capacity })) },
      { weight: 1, arbitrary: fc.constantFrom(...edges).map((capacity) => ({ capacity })) },
      { weight: 1, arbitrary: fc.constant({ flush: true }) },
    ),
    { maxLength: 30 },
  );

  test("what a transport takes, piece by piece, is what was sent, in order but for what went ahead", () => {
    fc.assert(
      fc.property(steps, fc.nat({ max: 70_000 }), (list, capacity) => {
        const { queue, transport, budget } = setUp();
        transport.capacity = capacity;
        const expected: Buffer[] = [];
        const ahead: Buffer[] = [];
        for (const step of list) {
          if ("push" in step) {
            const data = pattern(step.push, expected.length + 1);
            expected.push(frame(5, data));
            queue.push(5, data);
            data.fill(0xee);
          } else if ("ahead" in step) {
            const data = pattern(step.ahead, ahead.length + 1);
            ahead.push(frame(6, data));
            queue.pushAhead(6, data);
            data.fill(0xee);
          } else if ("capacity" in step) {
            transport.capacity = step.capacity;
            queue.onDrain();
          } else {
            queue.flush();
          }
          expect(queue.bytes + queue.takenBytes).toBe(
            [...expected, ...ahead].reduce((sum, { length }) => sum + length, 0),
          );
          expect(budget.bytes).toBeGreaterThanOrEqual(queue.bytes);
        }
        transport.capacity = Number.POSITIVE_INFINITY;
        queue.onDrain();
        queue.flush();
        const taken = parseFrames(transport.taken);
        const takenOf = (wanted: number): Buffer =>
          Buffer.concat(
            taken.filter(({ code }) => code === wanted).map(({ data }) => frame(wanted, data)),
          );
        expect(takenOf(5).equals(Buffer.concat(expected))).toBe(true);
        expect(takenOf(6).length).toBe(Buffer.concat(ahead).length);
        expect(queue.bytes).toBe(0);
        expect(budget.bytes).toBe(0);
      }),
      { numRuns: 1000 },
    );
  }, 30_000);

  test("the blocks of many queues never mix", async () => {
    const queues = Array.from({ length: 40 }, () => setUp());
    for (let round = 0; round < 20; round += 1) {
      for (const [index, { queue }] of queues.entries()) {
        queue.push(5, pattern(3000, index + 1));
      }
      if (round % 5 === 0) await nextTurn();
    }
    await nextTurn();
    for (const [index, { transport }] of queues.entries()) {
      const wanted = pattern(3000, index + 1);
      const frames = parseFrames(transport.taken);
      expect(frames.length).toBe(20);
      expect(frames.every(({ data }) => data.equals(wanted))).toBe(true);
    }
  });
});
