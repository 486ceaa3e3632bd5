import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { PatternIndex } from "../../../mesh/topics/pattern-index.ts";
import type { Removable } from "../../../mesh/topics/removable.ts";
import { naivelyMatches, pattern, topic } from "./arbitraries.ts";

/** An index of numbers that counts how often it had to search. */
function setUp(cachedTopicsMax: number) {
  const searched = { times: 0 };
  const index = new PatternIndex<number, readonly number[]>({
    arrange: (values) => {
      searched.times += 1;
      return values;
    },
    cachedTopicsMax,
  });
  return { index, searched };
}

type Step =
  | { readonly do: "add"; readonly pattern: string }
  | { readonly do: "remove"; readonly at: number }
  | { readonly do: "find"; readonly topic: string };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant("add" as const), pattern }),
  fc.record({ do: fc.constant("remove" as const), at: fc.nat(30) }),
  fc.record({ do: fc.constant("find" as const), topic }),
  fc.record({ do: fc.constant("find" as const), topic }),
);

interface Added extends Removable {
  readonly pattern: string;
  readonly value: number;
}

describe("answers", () => {
  test.each([0, 1, 3, 1000])("with %p remembered are those of a plain list, in order", (max) => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const { index } = setUp(max);
        let added: Added[] = [];
        for (const [value, step] of steps.entries()) {
          if (step.do === "add") {
            added.push({ ...step, value, ...index.add(step.pattern, value) });
          } else if (step.do === "remove") {
            added[step.at]?.remove();
            added = added.toSpliced(step.at, 1);
          } else {
            const expected = added.filter(({ pattern }) => naivelyMatches(pattern, step.topic));
            expect(index.find(step.topic)).toEqual(expected.map(({ value }) => value));
          }
        }
      }),
    );
  });

  test("already given do not change under whoever walks through them", () => {
    const { index } = setUp(10);
    const first = index.add("a", 1);
    const found = index.find("a");
    index.add("*", 2);
    first.remove();
    expect(found).toEqual([1]);
    expect(index.find("a")).toEqual([2]);
  });

  test("a topic to find must be one", () => {
    const { index } = setUp(10);
    index.add("a.*", 1);
    expect(() => index.find("a.*")).toThrow('the topic "a.*" contains a wildcard');
    expect(() => index.find("a.*")).toThrow('the topic "a.*" contains a wildcard');
  });
});

describe("the memory", () => {
  test("answers without a search, also that nobody wants the topic", () => {
    const { index, searched } = setUp(10);
    expect([index.find("a"), index.find("a")]).toEqual([[], []]);
    expect(searched.times).toBe(1);
  });

  test("keeps other topics when a plain one is added or removed", () => {
    const { index, searched } = setUp(10);
    index.find("a");
    index.add("b", 1).remove();
    index.find("a");
    expect(searched.times).toBe(1);
  });

  test("is bounded: the oldest topic gives way", () => {
    const { index, searched } = setUp(2);
    for (const topic of ["a", "b", "c", "b", "c"]) index.find(topic);
    expect(searched.times).toBe(3);
    index.find("a");
    expect(searched.times).toBe(4);
  });

  test("is not touched by a removal that does nothing", () => {
    const { index, searched } = setUp(10);
    const added = index.add("*", 1);
    added.remove();
    index.find("a");
    added.remove();
    index.find("a");
    expect(searched.times).toBe(1);
  });
});
