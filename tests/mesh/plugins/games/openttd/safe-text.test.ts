import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { cutText, safeText } from "../../../../../mesh/plugins/games/openttd/safe-text.ts";
import { hostileLine } from "../arbitraries.ts";

describe("a line", () => {
  test.each([
    ["hello", "hello"],
    ["  two\r\nlines\t", "two lines"],
    ["a\u0000b", "a b"],
    ["\u001b[31mred", "[31mred"],
    ["\u202eevil\u202c", "evil"],
    ["sprite \ue028\uf8ff!", "sprite !"],
    ["half \ud83d of it", "half \ufffd of it"],
    ["👨‍👩‍👧‍👦", "👨‍👩‍👧‍👦"],
    ["می‌خواهم", "می‌خواهم"],
    [" \u200b\u200d\u0301\n", ""],
    ["", ""],
  ])("%j becomes %j", (text, expected) => {
    expect(safeText(text, 100)).toBe(expected);
  });

  test("is one line that fits, with nothing in it that the game replaces, whatever it was", () => {
    fc.assert(
      fc.property(hostileLine, fc.integer({ min: 4, max: 900 }), (text, bytesMax) => {
        const safe = safeText(text, bytesMax);
        expect(Buffer.byteLength(safe)).toBeLessThanOrEqual(bytesMax);
        expect(safe).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{Co}\u202a-\u202e\u2066-\u2069]/u);
        expect(safe).toBe(safe.trim());
        expect(safeText(safe, bytesMax)).toBe(safe);
      }),
      { numRuns: 500 },
    );
  });

  test("of a megabyte is made safe without all of it being looked at", () => {
    expect(safeText(`ok${" ".repeat(1_000_000)}`, 899)).toBe("ok");
  });
});

test("a text that is too long ends in an ellipsis, within the room", () => {
  expect(cutText("ab👨‍👩‍👧‍👦cd", 10)).toBe("ab…");
  expect(safeText("ab \n cdefg", 6)).toBe("ab…");
});
