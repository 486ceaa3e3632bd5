import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { sayable, sayCommand } from "../../../../../mesh/plugins/games/econ/say.ts";
import { commandsIn } from "../../../../helpers/games/econ-console.ts";

const SAY_BYTES_MAX = 255;

const meaningful = [
  '"',
  "\\",
  ";",
  "#",
  "\n",
  "\r",
  "\0",
  "\u2028",
  "\u0085",
  " ",
  "\t",
  "shutdown",
];
const wide = ["é", "👩‍👩‍👧", "🇩🇪", "e\u0301", "\uD800", "\uDC00", "x".repeat(60)];

/** What means something to a console, and what is cut or joined wrongly with ease. */
const hostile: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: "binary", maxLength: 400 }),
  fc.string({
    unit: fc.constantFrom(...meaningful, ...wide),
    maxLength: 60,
  }),
);

describe("a text said at the console", () => {
  test("is one command that says it, whatever it is", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const command = sayCommand(text);
        const said = sayable(text);
        if (command === undefined) expect(said).toBe("");
        else expect(commandsIn(command)).toEqual([{ name: "say", argument: said }]);
      }),
      { numRuns: 2000 },
    );
  });

  test("is one line within what the game shows, with whole characters", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const said = sayable(text);
        expect(Buffer.byteLength(said)).toBeLessThanOrEqual(SAY_BYTES_MAX);
        expect(said).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u);
        expect(said).toBe(said.trim());
      }),
      { numRuns: 2000 },
    );
  });

  test("is whole if there is room for it, and else keeps as much as fits", () => {
    expect(sayable("x".repeat(255))).toBe("x".repeat(255));
    expect(sayable("x".repeat(256))).toBe("x".repeat(255));
    expect(sayable("ü".repeat(300))).toBe("ü".repeat(127));
    const family = "👩‍👩‍👧";
    expect(sayable(`${"x".repeat(250)}${family}`)).toBe("x".repeat(250));
    expect(sayable(family.repeat(20))).toBe(family.repeat(Math.floor(255 / 18)));
  });

  test("does not keep half a character of a text that is far too long", () => {
    expect(sayable(`a${"\n".repeat(1018)}👋`)).toBe("a");
    expect(sayable(`${" ".repeat(5000)}hello`)).toBe("hello");
  });

  test("is not said if nothing is left of it", () => {
    for (const nothing of ["", " ", "\n\r\0", "\u2028"]) {
      expect(sayCommand(nothing)).toBeUndefined();
    }
  });
});

describe("the model of the console", () => {
  // Without this the properties above could hold because the model runs nothing.
  test("runs what a text smuggles in that is not quoted, or quoted without escapes", () => {
    const names = (line: string): string[] => commandsIn(line).map(({ name }) => name);
    expect(names("say a; shutdown")).toEqual(["say", "shutdown"]);
    expect(names('say "a"; shutdown; say "b"')).toEqual(["say", "shutdown", "say"]);
    expect(commandsIn("say a # b")).toEqual([{ name: "say", argument: "a" }]);
    expect(commandsIn('say "never closed\\"')).toEqual([]);
  });
});
