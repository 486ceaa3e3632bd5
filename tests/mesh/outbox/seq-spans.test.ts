import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { SeqSpans } from "../../../mesh/outbox/seq-spans.ts";

test("numbers that follow on one another are one span", () => {
  const spans = new SeqSpans();
  for (const seq of [1, 3, 2, 5, 4]) spans.add(seq, seq);
  expect([...spans]).toEqual([{ from: 1, to: 5 }]);
});

test("what is taken from the middle leaves both sides", () => {
  const spans = new SeqSpans();
  spans.add(1, 10);
  spans.delete(4, 6);
  expect([...spans]).toEqual([
    { from: 1, to: 3 },
    { from: 7, to: 10 },
  ]);
});

const ends = fc
  .tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 0, max: 6 }))
  .map(([from, more]) => ({ from, to: from + more }));

test("they hold what a set of the same numbers holds", () => {
  const steps = fc.array(fc.tuple(fc.constantFrom("add", "delete"), ends), { maxLength: 40 });
  fc.assert(
    fc.property(steps, ends, (steps, { from, to }) => {
      const spans = new SeqSpans();
      const numbers = new Set<number>();
      for (const [action, span] of steps) {
        spans[action](span.from, span.to);
        for (let seq = span.from; seq <= span.to; seq += 1) numbers[action](seq);
      }
      const all = Array.from({ length: 40 }, (_, index) => index + 1);
      expect(all.filter((seq) => spans.has(seq))).toEqual(all.filter((seq) => numbers.has(seq)));
      expect(spansOf(all.filter((seq) => numbers.has(seq)))).toEqual([...spans]);
      expect(spans.size).toBe([...spans].length);
      const asked = all.filter((seq) => seq >= from && seq <= to && !numbers.has(seq));
      expect([...spans.gaps(from, to)]).toEqual(spansOf(asked));
    }),
  );
});

function spansOf(seqs: readonly number[]): { from: number; to: number }[] {
  const spans: { from: number; to: number }[] = [];
  for (const seq of seqs) {
    const last = spans.at(-1);
    if (last?.to === seq - 1) last.to = seq;
    else spans.push({ from: seq, to: seq });
  }
  return spans;
}
