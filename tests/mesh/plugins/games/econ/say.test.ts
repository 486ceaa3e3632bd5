import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { readEconSpeech } from "../../../../../mesh/plugins/games/econ/say.ts";
import { chatLine } from "../../../../../mesh/plugins/games/text/chat-line.ts";
import type { Speech } from "../../../../../mesh/plugins/games/text/speech.ts";
import { SettingsReader, type WrittenSettings } from "../../../../../mesh/settings-reader.ts";
import { commandsIn } from "../../../../helpers/games/econ-console.ts";
import { hostileLine } from "../arbitraries.ts";

const SAY_BYTES_MAX = 255;
const VISIBLE = /[\p{L}\p{N}\p{P}\p{S}]/u;

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
  hostileLine,
);

function speechOf(written: WrittenSettings = {}): Speech {
  const settings = new SettingsReader(written);
  const speech = readEconSpeech(settings);
  settings.refuseUnknown("[game]");
  if (settings.problems.length > 0) throw new Error(JSON.stringify(settings.problems));
  return speech;
}

function commandOf(text: string, speech = speechOf()): string | undefined {
  const spoken = speech.say({ text });
  return typeof spoken === "string" ? undefined : spoken.command;
}

/** What the players see. */
function shown(text: string): string | undefined {
  const command = commandOf(text);
  return command === undefined ? undefined : commandsIn(command)[0]?.argument;
}

/** The text is on one line, and no more of it is looked at than there can be room for. */
function lineOf(text: string): string {
  const head = text.trimStart().slice(0, 4 * SAY_BYTES_MAX);
  return chatLine(head.replace(/[\ud800-\udbff]$/, ""));
}

describe("a text said at the console", () => {
  test("is written as the console wants it", () => {
    expect(commandOf('a"; shutdown \\')).toBe(String.raw`say "a\"; shutdown \\"`);
  });

  test("is one command that says it, whatever it is", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const line = lineOf(text);
        const command = commandOf(text);
        if (command === undefined) {
          expect(line).not.toMatch(VISIBLE);
          return;
        }
        const argument = commandsIn(command)[0]?.argument ?? "";
        expect(commandsIn(command)).toEqual([{ name: "say", argument }]);
        expect(line.startsWith(argument)).toBe(true);
        if (Buffer.byteLength(line) <= SAY_BYTES_MAX) expect(argument).toBe(line);
        expect(Buffer.byteLength(argument)).toBeLessThanOrEqual(SAY_BYTES_MAX);
        expect(argument).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u);
        expect(argument).toBe(argument.trim());
      }),
      { numRuns: 2000 },
    );
  });

  test("is whole if there is room for it, and else keeps as much as fits", () => {
    expect(shown("x".repeat(255))).toBe("x".repeat(255));
    expect(shown("x".repeat(256))).toBe("x".repeat(255));
    expect(shown('"'.repeat(256))).toBe('"'.repeat(255));
    expect(shown("ü".repeat(300))).toBe("ü".repeat(127));
    const family = "👩‍👩‍👧";
    expect(shown(`${"x".repeat(250)}${family}`)).toBe("x".repeat(250));
    expect(shown(family.repeat(20))).toBe(family.repeat(Math.floor(255 / 18)));
  });

  test("does not keep half a character of a text that is far too long", () => {
    expect(shown(`a${"\n".repeat(1018)}👋`)).toBe("a");
    expect(shown(`${" ".repeat(5000)}hello`)).toBe("hello");
  });

  test("is not said if nothing is left of it", () => {
    for (const nothing of ["", " ", "\n\r\0", "\u2028"]) {
      expect(speechOf().say({ text: nothing })).toBe("empty");
    }
  });
});

describe("a template of the operator's", () => {
  test("is filled with one argument for each place, whatever the text is", () => {
    const speech = speechOf({
      say: 'say "{text}"; broadcast "{text}"',
      say_admin: 'adminchat "{text}"',
    });
    fc.assert(
      fc.property(hostile, (text) => {
        const said = speech.say({ text });
        const toAdmins = speech.say({ text, audience: "admin" });
        if (typeof said === "string" || typeof toAdmins === "string") {
          expect([said, toAdmins]).toEqual(["empty", "empty"]);
          return;
        }
        const argument = shown(text) ?? "";
        const guarded = argument.endsWith("\\") ? `${argument} ` : argument;
        expect(commandsIn(said.command)).toEqual([
          { name: "say", argument: guarded },
          { name: "broadcast", argument: guarded },
        ]);
        expect(commandsIn(toAdmins.command)).toEqual([{ name: "adminchat", argument }]);
      }),
      { numRuns: 500 },
    );
  });

  test("cannot be led to run anything by a text that ends in a backslash", () => {
    const speech = speechOf({ say: 'say "{text}"; say "{text}"', tell: 'pm "{player}" "{text}"' });
    const twice = String.raw`say "; shutdown \\ "; say "; shutdown \\ "`;
    expect(commandOf("; shutdown \\", speech)).toBe(twice);
    expect(speech.tell({ name: "Ann\\" }, "; shutdown")).toBe("unsupported");
  });

  test("for one player is filled with a name and a number that are nothing else", () => {
    const byName = speechOf({ tell: 'pm "{player}" "{text}"' });
    const byId = speechOf({ tell: 'pm {id} "{text}"' });
    fc.assert(
      fc.property(hostile, hostile, (name, text) => {
        const named = byName.tell({ name, id: "3" }, text);
        if (typeof named !== "string") {
          expect(commandsIn(named.command)).toEqual([{ name: "pm", argument: name }]);
        }
        const numbered = byId.tell({ name, id: "3" }, text);
        if (typeof numbered !== "string") {
          const [command] = commandsIn(numbered.command);
          expect(commandsIn(numbered.command)).toHaveLength(1);
          expect(command?.argument).toStartWith('3 "');
        }
      }),
      { numRuns: 500 },
    );
  });

  test("is needed to speak to administrators, and to one player", () => {
    expect(speechOf().say({ text: "hi", audience: "admin" })).toBe("unsupported");
    expect(speechOf().tell({ name: "Ann", id: "0" }, "hi")).toBe("unsupported");
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
    expect(names(String.raw`pm "Ann\\" "; shutdown #"`)).toEqual(["pm", "shutdown"]);
  });
});
