import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { splitCommand } from "../../../../../mesh/plugins/games/console/split-command.ts";

describe("a command of the config", () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ["game", ["game"]],
    ["  game   -p 1\t-x  ", ["game", "-p", "1", "-x"]],
    ['game "a b" \'c "d\' ""', ["game", "a b", 'c "d', ""]],
    [String.raw`game "a \"b\" \\" c\ d 'e\f'`, ["game", 'a "b" \\', "c d", String.raw`e\f`]],
    ["game --name='a b'c", ["game", "--name=a bc"]],
    ["game $HOME `id` ; rm * | x && y > z", "game $HOME `id` ; rm * | x && y > z".split(" ")],
  ];
  test.each(cases)("%s", (written, words) => {
    const split: unknown = splitCommand(written);
    expect(split).toEqual(words);
  });

  test.each([
    ["", "names no program"],
    ['""', "names no program"],
    ['game "a', "has an open quote, or a backslash at its end"],
    ["game 'a", "has an open quote, or a backslash at its end"],
    ["game \\", "has an open quote, or a backslash at its end"],
    ["x ".repeat(300), "has more than 256 words"],
    ["game \0", "has a NUL in it"],
  ])("%j is refused", (written, problem) => {
    expect(splitCommand(written)).toEqual({ problem });
  });

  test("words come out as they were, once they are quoted", () => {
    const word = fc
      .string({ unit: "binary", maxLength: 20 })
      .filter((text) => !text.includes("\0"));
    fc.assert(
      fc.property(fc.array(word, { maxLength: 10 }), (words) => {
        const quoted = words.map((text) => `"${text.replace(/["\\]/g, "\\$&")}"`);
        expect(splitCommand(["game", ...quoted].join(" "))).toEqual(["game", ...words]);
      }),
    );
  });
});
