import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { chatLine } from "../../../../../mesh/plugins/games/text/chat-line.ts";
import { UNSAFE } from "../../../../helpers/games/console-commands.ts";
import { hostileLine } from "../arbitraries.ts";

test("a line of chat keeps what people write and loses what moves, colours or hides it", () => {
  expect(chatLine("  hello\r\nworld\t! ")).toBe("hello world !");
  expect(chatLine("a\u001b[1;31mb\u0000c\u202ed\u0003e")).toBe("abcde");
  expect(chatLine("one\n[two] three\t[four]")).toBe("one [two] three [four]");
  expect(chatLine("👩‍👩‍👧‍👦 नमस्ते e\u0301")).toBe("👩‍👩‍👧‍👦 नमस्ते e\u0301");
  expect(chatLine("x\ud800y")).toBe("x\ufffdy");
  expect(chatLine("\u202e \u0007\n")).toBe("");
});

test("a line of chat holds nothing unsafe, whatever it was", () => {
  fc.assert(
    fc.property(hostileLine, (text) => {
      expect(chatLine(text)).not.toMatch(UNSAFE);
    }),
  );
});
