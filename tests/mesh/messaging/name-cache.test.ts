import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { NameCache } from "../../../mesh/messaging/name-cache.ts";
import { assertTopic } from "../../../mesh/topics/topic.ts";

test("reads any topics, in any order, from anywhere in a chunk", () => {
  const token = fc.constantFrom("a", "b", "é", "日本", "x".repeat(30), "\u{1f600}");
  const topic = fc.array(token, { minLength: 1, maxLength: 4 }).map((tokens) => tokens.join("."));
  const names = new NameCache(assertTopic);
  fc.assert(
    fc.property(fc.array(fc.tuple(topic, fc.nat(5)), { maxLength: 30 }), (topics) => {
      for (const [topic, before] of topics) {
        const bytes = Buffer.from(topic);
        const chunk = Buffer.concat([Buffer.alloc(before, 97), bytes, Buffer.from("after")]);
        expect(names.read(chunk, before, before + bytes.length)).toBe(topic);
      }
    }),
  );
});

test("tells 5,000 names apart, which is more than it remembers", () => {
  const names = new NameCache(assertTopic);
  for (let round = 0; round < 2; round += 1) {
    for (let count = 0; count < 5000; count += 1) {
      const topic = `player.${count}`;
      const chunk = Buffer.from(topic);
      expect(names.read(chunk, 0, chunk.length)).toBe(topic);
    }
  }
});

test.each(["", "a..b", "a.*", "a b", "a\u202eb", "x".repeat(257)])("%j is none, ever", (text) => {
  const names = new NameCache(assertTopic);
  const chunk = Buffer.from(text);
  for (let round = 0; round < 3; round += 1) {
    expect(names.read(chunk, 0, chunk.length)).toBeUndefined();
  }
});

test("what is not UTF-8 is none, and is not taken for what it would be read as", () => {
  const names = new NameCache(assertTopic);
  const read = Buffer.from("\ufffd");
  expect(names.read(read, 0, read.length)).toBe("\ufffd");
  expect(names.read(Buffer.from([0xff]), 0, 1)).toBeUndefined();
});

test("looks at a name once as long as it comes again", () => {
  let looks = 0;
  const names = new NameCache((text) => {
    looks += 1;
    assertTopic(text);
  });
  const chunk = Buffer.from("a.b");
  for (let round = 0; round < 100; round += 1) {
    names.read(chunk, 0, 1);
    names.read(chunk, 0, 3);
  }
  expect(looks).toBe(2);
});
