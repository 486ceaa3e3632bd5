import { describe, expect, test } from "bun:test";
import { beginningOf, printable, quoted, shortened } from "../../mesh/printable.ts";

describe("printable", () => {
  test("leaves ordinary text of any script as it is", () => {
    const text = 'Grüße, 世界 "quoted" \\ 🎮';
    expect(printable(text)).toBe(text);
  });

  test.each([
    ["a line end", "a\nb", "a\\nb"],
    ["a carriage return", "a\rb", "a\\rb"],
    ["a tab", "a\tb", "a\\tb"],
    ["a terminal's escape", "\x1b[2J", "\\u001b[2J"],
    ["an 8-bit terminal control", "\x9b2J", "\\u009b2J"],
    ["a null", "\0", "\\u0000"],
    ["a reversal of direction", "a\u202eb", "a\\u202eb"],
    ["a line separator", "a\u2028b", "a\\u2028b"],
    ["an invisible tag outside the basic plane", "\u{e0041}", "\\udb40\\udc41"],
    ["a lone surrogate", "\ud800", "\\ud800"],
  ])("escapes %s", (_, text, expected) => {
    expect(printable(text)).toBe(expected);
  });

  test("keeps what a JSON text means", () => {
    const value = { text: "\u202e\x9b\u{e0041}\n" };
    const json = printable(JSON.stringify(value));
    expect(JSON.parse(json)).toEqual(value);
  });
});

test("shortened says how much it left out", () => {
  expect(shortened("abc", 3)).toBe("abc");
  expect(shortened("abcdef", 3)).toBe("abc… (3 more)");
});

test("quoted bounds and escapes what it shows", () => {
  expect(quoted('a"b\n')).toBe('"a\\"b\\n"');
  expect(quoted("x".repeat(70))).toBe(`"${"x".repeat(64)}… (6 more)"`);
});

test.each([
  ["abc", 3, "abc"],
  ["abc", 2, "ab"],
  ["a\u00e9b", 2, "a"],
  ["a\u00e9b", 3, "a\u00e9"],
  ["\u{1f419}", 3, ""],
  ["abc", 0, ""],
])("the beginning of %j in %i bytes ends at a whole character", (text, bytesMax, beginning) => {
  expect(beginningOf(text, bytesMax)).toBe(beginning);
});
