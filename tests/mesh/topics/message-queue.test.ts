import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { MessageQueue, type Queueable } from "../../../mesh/topics/message-queue.ts";

function taken<Message extends Queueable>(queue: MessageQueue<Message>): Message[] {
  const messages: Message[] = [];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    messages.push(next);
  }
  return messages;
}

test("the oldest give way to the number of messages", () => {
  const queue = new MessageQueue<number>({ messagesMax: 3, bytesMax: 100 });
  const dropped = [1, 2, 3, 4, 5].map((message) => queue.push(message, 1));
  expect(dropped).toEqual([0, 0, 0, 1, 1]);
  expect(taken(queue)).toEqual([3, 4, 5]);
});

test("as many of the oldest give way as a long message needs", () => {
  const queue = new MessageQueue<string>({ messagesMax: 100, bytesMax: 10 });
  for (const message of ["a", "b", "c"]) queue.push(message, 3);
  expect(queue.push("d", 6)).toBe(2);
  expect([queue.size, queue.bytes]).toEqual([2, 9]);
  expect(taken(queue)).toEqual(["c", "d"]);
});

test("a message longer than the bound waits alone, and is the next to give way", () => {
  const queue = new MessageQueue<string>({ messagesMax: 100, bytesMax: 10 });
  queue.push("a", 1);
  expect(queue.push("long", 1000)).toBe(1);
  expect([queue.size, queue.bytes]).toEqual([1, 1000]);
  expect(queue.push("b", 1)).toBe(1);
  expect(taken(queue)).toEqual(["b"]);
});

test.each([0, Number.NaN])("a bound of %p is not taken for none", (bound) => {
  const queue = new MessageQueue<number>({ messagesMax: bound, bytesMax: bound });
  for (let message = 0; message < 10; message += 1) queue.push(message, 1);
  expect(taken(queue)).toEqual([9]);
});

test("a burst that has passed leaves no room of its own behind, and order holds across it", () => {
  const queue = new MessageQueue<number>({ messagesMax: 10_000, bytesMax: 10_000 });
  for (let round = 0; round < 3; round += 1) {
    for (let message = 0; message < 10; message += 1) queue.push(message, 1);
    for (let message = 0; message < 10; message += 1) expect(queue.shift()).toBe(message);
    const burst = Array.from({ length: 5000 }, (_, message) => message);
    for (const message of burst) queue.push(message, 1);
    expect(taken(queue)).toEqual(burst);
    expect([queue.size, queue.bytes]).toEqual([0, 0]);
  }
});

test("agrees with an array through any pushes, shifts and clears", () => {
  const step = fc.oneof(
    { weight: 10, arbitrary: fc.nat(8) },
    { weight: 5, arbitrary: fc.constant("shift" as const) },
    { weight: 1, arbitrary: fc.constant("clear" as const) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const queue = new MessageQueue<number>({ messagesMax: 5, bytesMax: 12 });
      let waiting: { readonly message: number; readonly bytes: number }[] = [];
      const bytesOf = (): number => waiting.reduce((total, { bytes }) => total + bytes, 0);
      for (const [message, step] of steps.entries()) {
        if (step === "clear") {
          queue.clear();
          waiting = [];
        } else if (step === "shift") {
          expect(queue.shift()).toBe(waiting.shift()?.message);
        } else {
          const before = waiting.length;
          while (waiting.length >= 5 || bytesOf() + step > 12) waiting.shift();
          expect(queue.push(message, step)).toBe(before - waiting.length);
          waiting.push({ message, bytes: step });
        }
        expect([queue.size, queue.bytes]).toEqual([waiting.length, bytesOf()]);
      }
      expect(taken(queue)).toEqual(waiting.map(({ message }) => message));
    }),
  );
});
