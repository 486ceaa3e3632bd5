import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import {
  assertCommand,
  consoleText,
} from "../../../../../mesh/plugins/games/openttd/console-command.ts";
import { safeText } from "../../../../../mesh/plugins/games/openttd/safe-text.ts";
import { openttdWords } from "../../../../helpers/games/console-commands.ts";
import { hostileLine } from "../arbitraries.ts";

describe("an argument", () => {
  test.each([
    ["hello", "hello"],
    ["a b", "a b"],
    ['say "hi"', String.raw`say \"hi\"`],
    ["back\\", "back\\ "],
    ['\\"', String.raw`\\"`],
    ["x".repeat(101), `${"x".repeat(96)}…`],
    ['"'.repeat(101), `${String.raw`\"`.repeat(48)}…`],
    ["\u200b", ""],
    ["", ""],
  ])("%j is written %j", (text, expected) => {
    expect(consoleText(text, 100)).toBe(expected);
  });

  test("is one word for the console, and the last, whatever is in it", () => {
    fc.assert(
      fc.property(hostileLine, (text) => {
        const written = consoleText(text, 200);
        expect(Buffer.byteLength(written)).toBeLessThanOrEqual(200);
        const [command, shown = "", ...rest] = openttdWords(`echo "${written}" end`);
        expect([command, ...rest]).toEqual(["echo", "end"]);
        const line = safeText(text, 1000);
        if (Buffer.byteLength(line) <= 90) expect(shown.trimEnd()).toBe(line);
        else expect(line.startsWith(shown.trimEnd().replace(/…$/, ""))).toBe(true);
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
