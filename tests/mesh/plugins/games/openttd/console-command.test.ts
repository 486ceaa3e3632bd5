import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import {
  assertCommand,
  consoleArgument,
} from "../../../../../mesh/plugins/games/openttd/console-command.ts";
import { safeText } from "../../../../../mesh/plugins/games/openttd/safe-text.ts";
import { hostileLine } from "../arbitraries.ts";

/** The words of a command as the game's console takes them apart. */
function wordsOf(command: string): string[] {
  if (command.startsWith("#")) return [];
  const words: string[] = [];
  let word: string | undefined;
  let quoted = false;
  for (let at = 0; at < command.length; at += 1) {
    const character = command.charAt(at);
    if (character === '"') {
      quoted = !quoted;
      word ??= "";
    } else if (character === " " && !quoted) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (character === "\\" && command.charAt(at + 1) === '"') {
      word = `${word ?? ""}"`;
      at += 1;
    } else {
      word = `${word ?? ""}${character}`;
    }
  }
  return word === undefined ? words : [...words, word];
}

describe("an argument", () => {
  test.each([
    ["hello", '"hello"'],
    ["a b", '"a b"'],
    ['say "hi"', '"say \\"hi\\""'],
    ["back\\", '"back\\ "'],
    ['\\"', '"\\\\""'],
    ["", '""'],
  ])("%j is written %j", (text, expected) => {
    expect(consoleArgument(text, 100)).toBe(expected);
  });

  test("is one word for the console, and the last, whatever is in it", () => {
    fc.assert(
      fc.property(hostileLine, (text) => {
        const line = safeText(text, 200);
        const words = wordsOf(`echo ${consoleArgument(text, 200)} end`);
        expect(words).toHaveLength(3);
        expect(words[0]).toBe("echo");
        expect(words[1]?.trimEnd()).toBe(line);
        expect(words[2]).toBe("end");
      }),
      { numRuns: 500 },
    );
  });
});

describe("a command", () => {
  test("that the console takes is let through", () => {
    for (const command of ["status", 'say "héllo"', "x".repeat(499)]) {
      expect(() => assertCommand(command)).not.toThrow();
    }
  });

  test.each([
    ["", "it is empty"],
    ["  ", "it is empty"],
    ["x".repeat(500), "longer than 499 bytes"],
    ["é".repeat(250), "longer than 499 bytes"],
    ["say hi\nquit", "a line break"],
    ["say hi\0", "a line break"],
    ["say \ue000", "another control character"],
    ["say \ud800", "another control character"],
  ])("%j is refused", (command, why) => {
    expect(() => assertCommand(command)).toThrow(why);
  });
});
