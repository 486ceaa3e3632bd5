import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { PatternTrie } from "../../../mesh/topics/pattern-trie.ts";
import { naivelyMatches, pattern, topic } from "./arbitraries.ts";

test("finds what matches, and nothing that was removed", () => {
  const addition = fc.record({ pattern, isRemoved: fc.boolean() });
  fc.assert(
    fc.property(fc.array(addition, { maxLength: 30 }), topic, (additions, topic) => {
      const trie = new PatternTrie<(typeof additions)[number]>();
      for (const entry of additions) trie.add(entry.pattern, entry);
      for (const entry of additions) if (entry.isRemoved) trie.remove(entry.pattern, entry);
      const expected = additions.filter(
        ({ pattern, isRemoved }) => !isRemoved && naivelyMatches(pattern, topic),
      );
      const found = trie.find(topic);
      expect(found).toHaveLength(expected.length);
      expect(new Set(found)).toEqual(new Set(expected));
    }),
  );
});

test("removing what is not there changes nothing", () => {
  const trie = new PatternTrie<string>();
  trie.add("a.*", "x");
  trie.remove("a.*", "y");
  trie.remove("a", "x");
  trie.remove("a.*.b", "x");
  trie.remove("a.>", "x");
  expect(trie.find("a.b")).toEqual(["x"]);
});

test("patterns below one that is removed stay", () => {
  const trie = new PatternTrie<string>();
  trie.add("*.a", "short");
  trie.add("*.a.b", "long");
  trie.remove("*.a", "short");
  expect(trie.find("x.a")).toEqual([]);
  expect(trie.find("x.a.b")).toEqual(["long"]);
});

test("a token named like a member of every object is a token", () => {
  const trie = new PatternTrie<string>();
  trie.add("__proto__.*", "x");
  expect(trie.find("constructor.a")).toEqual([]);
  expect(trie.find("__proto__.a")).toEqual(["x"]);
});
