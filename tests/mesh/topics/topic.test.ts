import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { MeshError } from "../../../mesh/mesh-error.ts";
import { assertGroup, assertPattern, assertTopic, matches } from "../../../mesh/topics/topic.ts";
import { naivelyMatches, pattern, topic } from "./arbitraries.ts";

/** What `check` has against `text`. */
function complaint(check: (text: unknown) => void, text: unknown): string | undefined {
  try {
    check(text);
  } catch (error) {
    if (!(error instanceof MeshError)) throw error;
    expect(error.code).toBe("invalid_topic");
    return error.message;
  }
  return undefined;
}

const onTopic = (text: unknown): string | undefined => complaint((name) => assertTopic(name), text);
const onPattern = (text: unknown): string | undefined =>
  complaint((name) => assertPattern(name), text);
const onGroup = (text: unknown): string | undefined => complaint((name) => assertGroup(name), text);

describe("a topic", () => {
  test.each([
    "a",
    "chat.global",
    "Chat.GLOBAL",
    "collector:my-site.events_2",
    "чат.общий",
    "chat.😀",
    "__proto__.constructor",
    "$SYS.a",
    "a".repeat(256),
    "é".repeat(128),
    Array.from({ length: 16 }, () => "t").join("."),
  ])("%j is one, and a pattern too", (text) => {
    expect(onTopic(text)).toBeUndefined();
    expect(onPattern(text)).toBeUndefined();
  });

  test.each([
    ["", 'the topic "" is empty; give it a name'],
    ["a..b", 'the topic "a..b" has an empty token; each dot must stand between two tokens'],
    [".", 'the topic "." has an empty token; each dot must stand between two tokens'],
    [".a", 'the topic ".a" has an empty token; each dot must stand between two tokens'],
    ["a.", 'the topic "a." has an empty token; each dot must stand between two tokens'],
    ["chat.*", 'the topic "chat.*" contains a wildcard; only patterns to subscribe to may'],
    ["chat.>", 'the topic "chat.>" contains a wildcard; only patterns to subscribe to may'],
    ["a*b", 'the topic "a*b" contains a wildcard; only patterns to subscribe to may'],
    ["a b", 'the topic "a b" contains white space or an invisible character; leave it out'],
    ["a\n", 'the topic "a\\n" contains white space or an invisible character; leave it out'],
    [
      "a\u200bb",
      'the topic "a\\u200bb" contains white space or an invisible character; leave it out',
    ],
    [undefined, "the topic must be a string"],
    [null, "the topic must be a string"],
    [7, "the topic must be a string"],
  ])("%j is refused", (text, message) => {
    expect(onTopic(text)).toBe(message);
  });

  test.each(["\u0000", "\u007f", "\u00a0", "\u2028", "\ufeff", "\u202e", "\ud800", "\t"])(
    "cannot contain %j",
    (character) => {
      expect(onTopic(`a.${character}b`)).toContain(
        "contains white space or an invisible character",
      );
    },
  );

  test("may have 256 bytes, not characters", () => {
    expect(onTopic("a".repeat(257))).toEndWith(" is longer than 256 bytes; shorten it");
    expect(onTopic("é".repeat(129))).toEndWith(" is longer than 256 bytes; shorten it");
  });

  test("may have 16 tokens", () => {
    const text = Array.from({ length: 17 }, () => "t").join(".");
    expect(onTopic(text)).toBe(`the topic "${text}" has 17 tokens; at most 16 are allowed`);
  });

  test("an endless text is not repeated whole", () => {
    expect(onTopic("a".repeat(1_000_000))?.length).toBeLessThan(200);
  });
});

describe("a pattern", () => {
  test.each(["*", ">", "chat.*", "*.global", "chat.>", "*.*.>", "a.*.b"])("%j is one", (text) => {
    expect(onPattern(text)).toBeUndefined();
  });

  test.each([
    [
      "chat.>.a",
      'the pattern "chat.>.a" goes on after a >; it stands for all the rest, so nothing may follow it',
    ],
    [
      "chat.glob*",
      'the pattern "chat.glob*" has a wildcard as a part of a token; * and > stand for whole tokens',
    ],
    [
      "chat.a>",
      'the pattern "chat.a>" has a wildcard as a part of a token; * and > stand for whole tokens',
    ],
    ["**", 'the pattern "**" has a wildcard as a part of a token; * and > stand for whole tokens'],
    ["*..>", 'the pattern "*..>" has an empty token; each dot must stand between two tokens'],
    ["", 'the pattern "" is empty; give it a name'],
  ])("%j is refused", (text, message) => {
    expect(onPattern(text)).toBe(message);
  });
});

describe("a group", () => {
  test.each(["discord-relay", "a.b", "g".repeat(64)])("can be named %j", (text) => {
    expect(onGroup(text)).toBeUndefined();
  });

  test.each([
    ["", 'the group "" is empty; give it a name'],
    ["a b", 'the group "a b" contains white space or an invisible character; leave it out'],
  ])("cannot be named %j", (text, message) => {
    expect(onGroup(text)).toBe(message);
  });

  test("may have 64 bytes", () => {
    expect(onGroup("g".repeat(65))).toEndWith(" is longer than 64 bytes; shorten it");
  });
});

describe("matching", () => {
  test.each([
    ["chat.global", "chat.global", true],
    ["chat.global", "chat.Global", false],
    ["chat", "chat.global", false],
    ["chat.*", "chat.global", true],
    ["chat.*", "chat", false],
    ["chat.*", "chat.team.red", false],
    ["*", "chat", true],
    ["*.global", "chat.global", true],
    ["chat.>", "chat.team.red", true],
    ["chat.>", "chat.global", true],
    ["chat.>", "chat", false],
    [">", "chat", true],
    [">", "chat.team.red", true],
    ["*.>", "chat", false],
    ["a.c", "axc", false],
  ])("%s on %s: %p", (pattern, topic, expected) => {
    expect(matches(pattern, topic)).toBe(expected);
  });

  test("agrees with a regular expression", () => {
    fc.assert(
      fc.property(pattern, topic, (pattern, topic) => {
        expect(matches(pattern, topic)).toBe(naivelyMatches(pattern, topic));
      }),
      { numRuns: 1000 },
    );
  });

  test("whatever random patterns are made for the tests is valid", () => {
    fc.assert(
      fc.property(pattern, topic, (pattern, topic) => {
        assertPattern(pattern);
        assertTopic(topic);
      }),
    );
  });
});
