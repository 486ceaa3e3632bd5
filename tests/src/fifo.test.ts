import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { Fifo } from "../../src/fifo.ts";

test("an empty queue answers undefined and has no size", () => {
  const fifo = new Fifo<number>();
  expect(fifo.size).toBe(0);
  expect(fifo.peek()).toBeUndefined();
  expect(fifo.shift()).toBeUndefined();
  expect([...fifo]).toEqual([]);
});

test("what goes in first comes out first, and looking takes nothing", () => {
  const fifo = new Fifo<string>();
  fifo.push("a");
  fifo.push("b");
  expect(fifo.peek()).toBe("a");
  expect([...fifo]).toEqual(["a", "b"]);
  expect(fifo.size).toBe(2);
  expect(fifo.shift()).toBe("a");
  expect(fifo.shift()).toBe("b");
  expect(fifo.size).toBe(0);
});

test("it behaves as an array does, across its compactions", () => {
  const operations = fc.array(
    fc.oneof(
      { weight: 6, arbitrary: fc.nat({ max: 700 }).map((count) => ({ push: count })) },
      { weight: 6, arbitrary: fc.nat({ max: 700 }).map((count) => ({ shift: count })) },
      { weight: 1, arbitrary: fc.constant({ clear: true }) },
    ),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(operations, (list) => {
      const fifo = new Fifo<number>();
      let model: number[] = [];
      let next = 0;
      for (const operation of list) {
        if ("push" in operation) {
          for (let count = 0; count < operation.push; count += 1) {
            next += 1;
            fifo.push(next);
            model.push(next);
          }
        } else if ("shift" in operation) {
          const expected = model.splice(0, operation.shift);
          const answers = Array.from({ length: operation.shift }, () => fifo.shift());
          expect(answers.filter((answer) => answer !== undefined)).toEqual(expected);
        } else {
          fifo.clear();
          model = [];
        }
        expect(fifo.size).toBe(model.length);
        expect(fifo.peek()).toBe(model[0]);
      }
      expect([...fifo]).toEqual(model);
    }),
    { numRuns: 200 },
  );
});

test("a long queue is emptied in time that grows with its length alone", () => {
  const fifo = new Fifo<number>();
  const count = 1_000_000;
  for (let item = 0; item < count; item += 1) fifo.push(item);
  let sum = 0;
  for (let item = fifo.shift(); item !== undefined; item = fifo.shift()) sum += item;
  expect(sum).toBe((count * (count - 1)) / 2);
});
