import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { safeName, safeText } from "../../../../mesh/plugins/chat/safe-chat.ts";
import { hostileLine } from "../games/arbitraries.ts";

const FAMILY = "👩‍👩‍👧‍👦";

const nasty = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "@",
        "everyone",
        "here",
        "<",
        "@&",
        "#",
        "!",
        "123>",
        "§",
        "a",
        "§a",
        "channel",
      ),
      fc.constantFrom(
        "\u0007",
        "ff00aa",
        "\u0001",
        "\u001b[31m",
        "\u200b",
        "\u202e",
        " ",
        "\n",
        "\ue000",
      ),
      hostileLine,
    ),
    { maxLength: 30 },
  )
  .map((parts) => parts.join(""));

describe("a text", () => {
  test.each([
    ["hello", "hello"],
    ["  two\r\n\tlines  here ", "two lines here"],
    ["a\u2028b\u00a0c", "a b c"],
    ["\u202eevil\u202c no\u200bthing", "evil nothing"],
    ["§aGreen§r and §lbold", "Green and bold"],
    ["§§aa", "a"],
    ["see § 5", "see § 5"],
    ["\u0003team\u0001 plain", "team plain"],
    ["\u0007FF00AAred \u0008FF00AA80pale", "red pale"],
    ["\u001b[1;31mred\u001b[0m", "red"],
    ["\ue028sprite", "sprite"],
    ["half \ud83d of it", "half \ufffd of it"],
    [`${FAMILY} नमस्ते می‌خواهم`, `${FAMILY} नमस्ते می‌خواهم`],
    ["hi @everyone and @HERE", "hi @ everyone and @ HERE"],
    ["@channel, @all @room", "@ channel, @ all @ room"],
    ["mail me@alley.example @bob", "mail me@alley.example @bob"],
    ["<@123> <@!123> <@&123> <#123> <!here>", "< @123> < @!123> < @&123> < #123> < !here>"],
    ["@\u200beveryone @§aeveryone <\u200b@1>", "@ everyone @ everyone < @1>"],
    ["1 < 2 <3", "1 < 2 <3"],
  ])("%j becomes %j", (text, expected) => {
    expect(safeText(text)).toBe(expected);
  });

  test.each(["", "  ", "\u200d", "\u0301", "\u3164", "\u2800", "§a§l", "\ufe0f", "\u0000"])(
    "%j shows nothing",
    (text) => {
      expect(safeText(text)).toBeUndefined();
    },
  );

  test("is cut at 1,000 bytes, a name at 64, between whole characters", () => {
    expect(safeText("x".repeat(5_000_000))).toBe("x".repeat(1000));
    expect(safeText(`${" ".repeat(5000)}hi`)).toBe("hi");
    expect(safeName("é".repeat(40))).toBe("é".repeat(32));
    expect(safeName(`${"x".repeat(40)}${FAMILY}`)).toBe("x".repeat(40));
    expect(safeName(`${"x".repeat(39)}${FAMILY}y`)).toBe(`${"x".repeat(39)}${FAMILY}`);
    expect(safeName(`o${"\u0301".repeat(1000)}`)).toBe(`o${"\u0301".repeat(31)}`);
  });

  test("pings nobody, hides nothing and fits, whatever it was", () => {
    fc.assert(
      fc.property(nasty, (text) => {
        for (const [safe, bytesMax] of [
          [safeText(text), 1000],
          [safeName(text), 64],
        ] as const) {
          if (safe === undefined) continue;
          expect(Buffer.byteLength(safe)).toBeLessThanOrEqual(bytesMax);
          expect(safe.isWellFormed()).toBe(true);
          expect(safe).not.toMatch(/(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}\p{Cs}]/u);
          expect(safe).not.toMatch(/@everyone|@here|<[@#!]|§[0-9a-fk-orx]/i);
          expect(safe).toBe(safe.trim());
        }
      }),
      { numRuns: 500 },
    );
  });

  test("stays as it is when it is made safe once more", () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const safe = safeText(text);
        if (safe !== undefined) expect(safeText(safe)).toBe(safe);
      }),
      { numRuns: 500 },
    );
  });
});
