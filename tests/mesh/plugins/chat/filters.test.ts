import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import {
  compileFilter,
  type FilterPatterns,
  Filters,
} from "../../../../mesh/plugins/chat/filters.ts";
import { hostileLine } from "../games/arbitraries.ts";

function compiled(patterns: readonly string[]): FilterPatterns["drop"] {
  return patterns.map((pattern) => {
    const filter = compileFilter(pattern);
    if (typeof filter === "string") throw new Error(filter);
    return filter;
  });
}

function filters(patterns: { drop?: readonly string[]; mask?: readonly string[] }): Filters {
  const { drop = [], mask = [] } = patterns;
  return new Filters({ drop: compiled(drop), mask: compiled(mask) });
}

describe("filters", () => {
  test("drop a line that a pattern matches, and say which", () => {
    const both = filters({ drop: ["buy now", "https?://"] });
    expect(both.apply("see HTTP://spam")).toEqual({ kind: "drop", index: 1 });
    expect(both.apply("hello")).toEqual({ kind: "pass", text: "hello" });
  });

  test("mask every match, and what is made does not match again", () => {
    const masking = filters({ mask: ["darn|heck", "\\*{4,}"] });
    expect(masking.apply("Darn, what the HECK $1")).toEqual({
      kind: "pass",
      text: "***, what the *** $1",
    });
    expect(masking.apply("darnheckfine")).toEqual({ kind: "pass", text: "***fine" });
  });

  test("see capitals where a pattern wants them", () => {
    expect(filters({ drop: ["(?-i)SPAM"] }).apply("spam")).toEqual({ kind: "pass", text: "spam" });
  });

  test("leave alone where a pattern matches nothing in particular", () => {
    expect(filters({ mask: ["\\b"] }).apply("ab cd")).toEqual({ kind: "pass", text: "ab cd" });
  });

  test("mask the rest of a line with very many matches", () => {
    const verdict = filters({ mask: ["a"] }).apply(`${"ab".repeat(40)}end`);
    expect(verdict).toEqual({ kind: "pass", text: `${"***b".repeat(32)}***` });
  });

  test("look at no more than a line can be", () => {
    const verdict = filters({ drop: ["end"] }).apply(`${"x".repeat(1000)}end`);
    expect(verdict).toEqual({ kind: "pass", text: "x".repeat(1000) });
  });

  test("answer for any line", () => {
    const all = filters({ drop: ["^drop.*me$"], mask: ["\\p{L}{4,}", "[^ -~]"] });
    fc.assert(
      fc.property(hostileLine, (line) => {
        const verdict = all.apply(line);
        if (verdict.kind === "pass") expect(verdict.text).not.toMatch(/\p{L}{4}/u);
      }),
      { numRuns: 300 },
    );
  });

  test("take no more than a little time, where others would take years", () => {
    const hostile = filters({ drop: ["(a+)+$", "(a|aa)+$", "(.*a){20}$"], mask: ["(x+x+)+y"] });
    const startedAt = performance.now();
    for (let count = 0; count < 50; count++) {
      expect(hostile.apply(`${"a".repeat(990)}b`).kind).toBe("pass");
      expect(hostile.apply("x".repeat(999)).kind).toBe("pass");
    }
    // Some milliseconds; a backtracking engine does not end at all.
    expect(performance.now() - startedAt).toBeLessThan(20_000);
  });
});

describe("a pattern", () => {
  test.each([
    ["(", "cannot be read as a regular expression: missing closing ): `(`"],
    ["(?=a)", "cannot be read as a regular expression: invalid or unsupported Perl syntax: `(?=`"],
    ["x*", "matches where there is nothing, and so in every line"],
    [
      "(?:.{0,100}z){0,9}(?:.{0,100}z){0,9}a",
      "takes too many steps; its repeat counts, such as {0,1000}, must be smaller",
    ],
    ["x".repeat(513), "has 513 characters, more than 512; split it"],
  ])("%j is refused with the reason", (pattern, problem) => {
    expect(compileFilter(pattern)).toBe(problem);
  });

  test("of any kind is a filter or a problem", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 40 }), (pattern) => {
        const filter = compileFilter(pattern);
        expect(typeof filter === "string" || filter.pattern() === pattern).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
