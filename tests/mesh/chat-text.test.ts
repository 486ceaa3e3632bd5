import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { beginningOf, cutLine, oneLine } from "../../mesh/chat-text.ts";
import { hostileLine } from "./plugins/games/arbitraries.ts";

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });
const FAMILY = "👩‍👩‍👧‍👦";

/** What a person would count as a character, the last `…` not. */
function isWholeIn(text: string, beginning: string): boolean {
  return [...graphemes.segment(text), { index: text.length }].some(
    ({ index }) => text.slice(0, index).trimEnd() === beginning,
  );
}

describe("a line", () => {
  test.each([
    ["hello", "hello"],
    [" two\r\nlines\t", " two lines "],
    ["a\u0000b\u0085c\u2028d\u2029e", "a b c d e"],
    ["\u001b[31mred", " [31mred"],
    ["\u202eevil\u202c \u2066and\u2069 \u200emore", "evil and more"],
    ["\ufeffno\u200bthing\u00ad\uffff", "nothing"],
    ["half \ud83d of it", "half \ufffd of it"],
    [`${FAMILY} नमस्ते e\u0301`, `${FAMILY} नमस्ते e\u0301`],
    ["می‌خواهم", "می‌خواهم"],
    ["", ""],
  ])("%j becomes %j", (text, expected) => {
    expect(oneLine(text)).toBe(expected);
  });

  test("holds nothing that moves, turns or hides it, whatever it was", () => {
    fc.assert(
      fc.property(hostileLine, (text) => {
        const line = oneLine(text);
        expect(line).not.toMatch(/(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
        expect(oneLine(line)).toBe(line);
      }),
      { numRuns: 500 },
    );
  });
});

describe("the beginning of a text", () => {
  test("is looked for behind spaces, is bounded, and keeps no half of a character", () => {
    expect(beginningOf(`${" ".repeat(5000)}hello`, 255)).toBe("hello");
    expect(beginningOf("x".repeat(1_000_000), 10)).toBe("x".repeat(40));
    expect(beginningOf(`${"x".repeat(39)}👋`, 10)).toBe("x".repeat(39));
    expect(beginningOf(`${"x".repeat(38)}👋`, 10)).toBe(`${"x".repeat(38)}👋`);
  });
});

describe("a line that is too long", () => {
  test("is cut between whole characters", () => {
    expect(cutLine("aé", { bytesMax: 3 })).toBe("aé");
    expect(cutLine("aé", { bytesMax: 2 })).toBe("a");
    expect(cutLine(`a${FAMILY}b`, { bytesMax: 25 })).toBe("a");
    expect(cutLine(`a${FAMILY}b`, { bytesMax: 26 })).toBe(`a${FAMILY}`);
    expect(cutLine("a🇩🇪", { bytesMax: 8 })).toBe("a");
    expect(cutLine("ab cd", { bytesMax: 3 })).toBe("ab");
    expect(cutLine("a", { bytesMax: 0 })).toBe("");
  });

  test("says so with an ellipsis, where there is room for it", () => {
    const cut = (line: string, bytesMax: number): string =>
      cutLine(line, { bytesMax, ellipsis: "…" });
    expect(cut(`ab${FAMILY}cd`, 10)).toBe("ab…");
    expect(cut("éééé", 8)).toBe("éééé");
    expect(cut("ééééa", 8)).toBe("éé…");
    expect(cut("ab cd", 6)).toBe("ab cd");
    expect(cut("ab cdefg", 6)).toBe("ab…");
    expect(cut("abcd", 3)).toBe("…");
    expect(cut("abcd", 2)).toBe("ab");
  });

  test("is escaped, and what that adds is counted", () => {
    const escape = (text: string): string => text.replaceAll('"', '\\"');
    expect(cutLine('a"b', { bytesMax: 4, escape })).toBe('a\\"b');
    expect(cutLine('a"b', { bytesMax: 3, escape })).toBe('a\\"');
    expect(cutLine('a"b', { bytesMax: 2, escape })).toBe("a");
    expect(cutLine('"""', { bytesMax: 5, escape, ellipsis: "…" })).toBe('\\"…');
  });

  test("and begins with a character too long for it is cut within that", () => {
    const tower = `o${"\u0301".repeat(1000)}`;
    expect(cutLine(tower, { bytesMax: 10 })).toBe(`o${"\u0301".repeat(4)}`);
    expect(cutLine(tower, { bytesMax: 20, ellipsis: "…" })).toBe(`o${"\u0301".repeat(8)}…`);
  });

  test("fits, and loses nothing but whole characters from its end, whatever it is", () => {
    const room = fc.integer({ min: 0, max: 900 });
    fc.assert(
      fc.property(hostileLine, room, fc.constantFrom("", "…"), (text, bytesMax, ellipsis) => {
        const line = oneLine(text).trim();
        const cut = cutLine(line, { bytesMax, ellipsis });
        expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(bytesMax);
        expect(cut.isWellFormed()).toBe(true);
        if (Buffer.byteLength(line) <= bytesMax) {
          expect(cut).toBe(line);
          return;
        }
        const kept = ellipsis !== "" && cut.endsWith(ellipsis) ? cut.slice(0, -1) : cut;
        expect(line.startsWith(kept)).toBe(true);
        const [first = { segment: "" }] = graphemes.segment(line);
        const roomBytes = bytesMax - Buffer.byteLength(ellipsis);
        if (Buffer.byteLength(first.segment) <= roomBytes) {
          expect(isWholeIn(line, kept)).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });
});
