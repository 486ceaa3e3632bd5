import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { ReplyQueue } from "../../src/reply-queue.ts";

test("a reply that is first in line leaves at once", () => {
  const queue = new ReplyQueue();
  const sent: Uint8Array[] = [];
  const reply = Buffer.from("reply");
  const pending = queue.reserve(Buffer.allocUnsafeSlow(10), 5);
  expect(queue.size).toBe(1);
  expect(queue.requestBytes).toBe(10);
  expect(queue.oldestSinceMs).toBe(5);
  queue.settle(pending, reply, (due) => sent.push(due));
  expect(sent).toEqual([reply]);
  expect(queue.size).toBe(0);
  expect(queue.requestBytes).toBe(0);
  expect(queue.replyBytes).toBe(0);
  expect(queue.oldestSinceMs).toBeUndefined();
});

test("a reply that is ready early waits for the earlier request", () => {
  const queue = new ReplyQueue();
  const sent: string[] = [];
  const send = (due: Uint8Array): void => {
    sent.push(Buffer.from(due).toString());
  };
  const first = queue.reserve(Buffer.allocUnsafeSlow(1), 100);
  const second = queue.reserve(Buffer.allocUnsafeSlow(2), 200);
  queue.settle(second, Buffer.from("second"), send);
  expect(sent).toEqual([]);
  expect(queue.replyBytes).toBe(6);
  expect(queue.oldestSinceMs).toBe(100);
  queue.settle(first, Buffer.from("first"), send);
  expect(sent).toEqual(["first", "second"]);
});

test("replies leave in the order of their requests, whatever the order of the answers", () => {
  const orders = fc
    .nat({ max: 60 })
    .chain((size) => fc.shuffledSubarray([...Array(size).keys()], { minLength: size }));
  fc.assert(
    fc.property(orders, (order) => {
      const queue = new ReplyQueue();
      const sent: number[] = [];
      const pendings = order.map((_, index) => queue.reserve(Buffer.allocUnsafeSlow(index), index));
      for (const index of order) {
        const pending = pendings[index];
        if (pending === undefined) throw new Error("no such request");
        queue.settle(pending, Buffer.alloc(index), (due) => sent.push(due.length));
      }
      expect(sent).toEqual([...order.keys()]);
      expect([queue.size, queue.requestBytes, queue.replyBytes]).toEqual([0, 0, 0]);
    }),
    { numRuns: 500 },
  );
});

test("an answer that arrives while others are being sent takes its turn", () => {
  const queue = new ReplyQueue();
  const sent: string[] = [];
  const first = queue.reserve(Buffer.allocUnsafeSlow(1), 0);
  const second = queue.reserve(Buffer.allocUnsafeSlow(1), 0);
  const third = queue.reserve(Buffer.allocUnsafeSlow(1), 0);
  const send = (due: Uint8Array): void => {
    const text = Buffer.from(due).toString();
    sent.push(text);
    if (text === "first") queue.settle(third, Buffer.from("third"), send);
  };
  queue.settle(second, Buffer.from("second"), send);
  queue.settle(first, Buffer.from("first"), send);
  expect(sent).toEqual(["first", "second", "third"]);
});

test("small requests of one chunk are counted as the chunk once", () => {
  const queue = new ReplyQueue();
  const chunk = Buffer.allocUnsafeSlow(1000);
  queue.reserve(chunk.subarray(0, 10), 0);
  queue.reserve(chunk.subarray(10, 20), 0);
  expect(queue.requestBytes).toBe(1010);
});
