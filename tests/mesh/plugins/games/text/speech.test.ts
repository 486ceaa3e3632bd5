import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { SettingsReader, type WrittenSettings } from "../../../../../mesh/index.ts";
import { chatLine } from "../../../../../mesh/plugins/games/text/chat-line.ts";
import { readSpeech } from "../../../../../mesh/plugins/games/text/read-speech.ts";
import type { Speech } from "../../../../../mesh/plugins/games/text/speech.ts";
import {
  backslashQuoted,
  muxShown,
  sourceCommands,
  UNSAFE,
} from "../../../../helpers/games/console-commands.ts";
import { hostileLine } from "../arbitraries.ts";

/** As of a console of the operator's own. */
const OWN = {
  say: 'say "{text}"',
  escape: "quotes",
  isAnyEscape: true,
  textBytesMax: 200,
} as const;

function speechOf(written: WrittenSettings): Speech {
  const settings = new SettingsReader(written);
  const speech = readSpeech(settings, OWN);
  settings.refuseUnknown("the game");
  if (settings.problems.length > 0) throw new Error(JSON.stringify(settings.problems));
  return speech;
}

function problemsOf(written: WrittenSettings): string[] {
  const settings = new SettingsReader(written);
  readSpeech(settings, OWN);
  return settings.problems.map(({ key, text }) => `${key} ${text}`);
}

function said(speech: Speech, text: string): string | undefined {
  const spoken = speech.say({ text });
  return typeof spoken === "string" ? undefined : spoken.command;
}

/** What the console shows of a command, if it takes all of it for one. */
const SHOWN: Readonly<Record<string, (command: string) => string>> = {
  none: (command) => /^say (.*)$/u.exec(command)?.[1] ?? "",
  chat: (command) => command,
  quotes: (command) => {
    const { inner, rest } = backslashQuoted(command.slice("say ".length));
    expect(rest).toBe(" // end");
    return inner;
  },
  apostrophe: (command) => {
    expect(sourceCommands(`${command}\n`)).toEqual([command]);
    return /^say "([^"]*)"$/u.exec(command)?.[1] ?? "";
  },
  json: (command) => Object(JSON.parse(command.slice("say ".length))).text,
  mux: (command) => muxShown(command.slice("@emit ".length)),
};

const SAY_BY_ESCAPE: Readonly<Record<string, string>> = {
  none: "say {text}",
  chat: "{text}",
  quotes: 'say "{text}" // end',
  apostrophe: 'say "{text}"',
  json: 'say {"text":"{text}"}',
  mux: "@emit {text}",
};

describe("what is said", () => {
  test("stands escaped in its place", () => {
    expect(said(speechOf({}), 'he said "hi" \\o/')).toBe(String.raw`say "he said \"hi\" \\o/"`);
    expect(said(speechOf({ escape: "apostrophe" }), 'a "b"; quit')).toBe(`say "a 'b'; quit"`);
    expect(said(speechOf({ escape: "mux", say: "@emit {text}" }), "[add(1,2)]%r; x\\")).toBe(
      String.raw`@emit \[add\(1\,2\)\]\%r\; x\\`,
    );
    expect(said(speechOf({ say: "say {text}{text}", escape: "none" }), "$& $1")).toBe(
      "say $& $1$& $1",
    );
  });

  test("is nothing where there is nothing to be seen", () => {
    expect(speechOf({}).say({ text: " \n\u0000\u202e" })).toBe("empty");
  });

  test("is never nothing in ASCII where there was something to be seen", () => {
    const ascii = speechOf({ ascii: "on", escape: "none", say: "say {text}" });
    expect(said(ascii, "\ufe74")).toBe("say ?");
    expect(said(ascii, "é 日")).toBe("say e ?");
  });

  for (const escape of Object.keys(SHOWN)) {
    for (const ascii of ["on", "off"]) {
      test(`is one command that shows the text, whatever it is: ${escape}, ascii ${ascii}`, () => {
        const speech = speechOf({
          escape,
          ascii,
          say: SAY_BY_ESCAPE[escape] ?? "",
          text_bytes_max: "60",
        });
        const roomBytes = 60 + Buffer.byteLength(SAY_BY_ESCAPE[escape] ?? "") - "{text}".length;
        fc.assert(
          fc.property(hostileLine, (text) => {
            const command = said(speech, text);
            const line = chatLine(
              text
                .trimStart()
                .slice(0, 240)
                .replace(/[\ud800-\udbff]$/, ""),
            );
            if (command === undefined) {
              expect(line).not.toMatch(/[\p{L}\p{N}\p{P}\p{S}]/u);
              return;
            }
            expect(command).not.toMatch(UNSAFE);
            expect(Buffer.byteLength(command)).toBeLessThanOrEqual(roomBytes);
            const shown = SHOWN[escape]?.(command) ?? "";
            expect(shown).not.toBe("");
            if (ascii === "on") expect(shown).toMatch(/^[\x20-\x7e]+$/);
            else {
              const whole = escape === "apostrophe" ? line.replaceAll('"', "'") : line;
              expect(whole.startsWith(shown)).toBe(true);
              if (Buffer.byteLength(line) <= 30) expect(shown).toBe(whole);
            }
          }),
          { numRuns: 200 },
        );
      });
    }
  }

  test("in ASCII keeps letters, and shows that there was something else", () => {
    const speech = speechOf({ ascii: "on", escape: "apostrophe" });
    expect(said(speech, "Ça va, Zoë? ＂quit＂； 💥 ½")).toBe(`say "Ca va, Zoe? 'quit'; ? 1?2"`);
  });

  test("to administrators is said only where there is a way", () => {
    const line = { text: "hi", audience: "admin" } as const;
    expect(speechOf({}).say(line)).toBe("unsupported");
    expect(speechOf({ say_admin: 'sm_chat "{text}"' }).say(line)).toEqual({
      command: 'sm_chat "hi"',
    });
  });
});

describe("what is told to one player", () => {
  const byId = speechOf({ tell: 'sm_psay "#{id}" "{text}"' });
  const byName = speechOf({ tell: 'tell "{player}" "{text}"' });

  test("goes by number or by name, escaped as the text is", () => {
    expect(byId.tell({ name: "x", id: "7" }, "hi")).toEqual({ command: 'sm_psay "#7" "hi"' });
    expect(byName.tell({ name: 'Al "x" \\' }, "hi")).toEqual({
      command: String.raw`tell "Al \"x\" \\" "hi"`,
    });
  });

  test("is not told to a player who cannot be named", () => {
    expect(speechOf({}).tell({ name: "Al" }, "hi")).toBe("unsupported");
    expect(byId.tell({ name: "Al" }, "hi")).toBe("unsupported");
    for (const id of ['7" "; quit', "7 8", "7\n", "x".repeat(65)]) {
      expect(byId.tell({ name: "Al", id }, "hi")).toBe("unsupported");
    }
    for (const name of ["", " Al", "a\nb", "a\u202eb", "x".repeat(129)]) {
      expect(byName.tell({ name }, "hi")).toBe("unsupported");
    }
    expect(byId.tell({ name: "Al", id: "7" }, "\n")).toBe("empty");
  });

  test("is one command, whatever the name", () => {
    fc.assert(
      fc.property(hostileLine, (name) => {
        const spoken = byName.tell({ name }, "hi");
        if (typeof spoken === "string") return;
        const { inner, rest } = backslashQuoted(spoken.command.slice("tell ".length));
        expect(inner).toBe(name);
        expect(rest).toBe(' "hi"');
        expect(spoken.command).not.toMatch(UNSAFE);
      }),
    );
  });
});

describe("templates that cannot be used are told", () => {
  test("of what is said", () => {
    expect(problemsOf({ say: "" })).toEqual([
      "say must have {text} in it; a value with ; or # in it stands in single quotes",
    ]);
    expect(problemsOf({ say: "say {name}: {text}" })).toEqual([
      "say has {name} in it, and the placeholders are {text}",
    ]);
    expect(problemsOf({ say: "x".repeat(250) + "{text}é" })).toEqual([
      "say has more than 256 bytes",
    ]);
    expect(problemsOf({ say: "say {text}\nquit" })).toEqual([
      "say must be one line without control characters",
    ]);
    expect(problemsOf({ say_admin: "x" })).toEqual([
      "say_admin must have {text} in it; a value with ; or # in it stands in single quotes",
    ]);
    expect(problemsOf({ say: 'tellraw @a {"text":"{text}"}', escape: "json" })).toEqual([]);
  });

  test("of what stands outside the quotes that the escape needs", () => {
    const outside = (key: string, name = "text"): string =>
      `${key} must have {${name}} between double quotes: outside of them it could be more than text`;
    for (const escape of ["quotes", "apostrophe"]) {
      expect(
        problemsOf({
          escape,
          say: "say {text}",
          say_admin: 'sm_chat "x" {text}',
          tell: 'pm {player} "{text}"',
        }),
      ).toEqual([outside("say"), outside("say_admin"), outside("tell", "player")]);
      expect(problemsOf({ escape, say: 'say "{text}" {text}' })).toEqual([outside("say")]);
      expect(problemsOf({ escape, say: 'say "{text}' })).toEqual([
        "say has double quotes that are not closed",
      ]);
      expect(
        problemsOf({ escape, say: 'say all "[mesh] {text}"; wait', tell: 'pm {id} "{text}"' }),
      ).toEqual([]);
    }
    expect(problemsOf({ escape: "none", say: "say {text}" })).toEqual([]);
  });

  test("of quotes where nothing is done about those in a text", () => {
    const none =
      "cannot have double quotes with escape = none: where they keep a text together, escape is quotes or apostrophe";
    expect(
      problemsOf({ escape: "none", say: 'say "{text}"', tell: 'tell "{player}" {text}' }),
    ).toEqual([`say ${none}`, `tell ${none}`]);
  });

  test("of a backslash that takes away what protects the text", () => {
    const backslash = 'say cannot have a backslash before a " or before a {placeholder}';
    for (const [escape, say] of [
      ["quotes", 'say "\\{text}"'],
      ["quotes", 'say "a\\" "{text}"'],
      ["mux", "@emit \\{text}"],
    ] as const) {
      expect(problemsOf({ escape, say })).toEqual([backslash]);
    }
  });

  test("of a % code of a MUX that takes away what protects the text", () => {
    const percent = 'say cannot have a % code before a " or before a {placeholder}';
    for (const say of ["say %{text}", "say %q{text}", "say %Q<a{text}>", "say %x{text}"]) {
      expect(problemsOf({ escape: "mux", say })).toEqual([percent]);
    }
    expect(problemsOf({ escape: "mux", say: "say %n:%r{text}" })).toEqual([]);
  });

  test("of a list that is read as a command", () => {
    const outside =
      "say must have {text} within a string of JSON as the value of text, with which the command ends";
    const problems = (component: string): string[] => {
      const settings = new SettingsReader({ escape: "json", say: `tellraw @a ${component}` });
      readSpeech(settings, { ...OWN, escape: "json", members: ["text"] });
      return settings.problems.map(({ key, text }) => `${key} ${text}`);
    };
    for (const component of [
      '{"text":"x","clickEvent":{"action":"run_command","value":["{text}"]}}',
      '{"text":"x","clickEvent":{"action":"run_command","value":[["{text}"]]}}',
      '["",{"selector":["{text}"]}]',
      '{"text":["{text}"]}',
      '{"extra":"{text}"}',
    ]) {
      expect(problems(component)).toEqual([outside]);
    }
    for (const component of [
      '["","{text}"]',
      '{"text":"","extra":["{text}",{"text":"{text}"}]}',
      '{"translate":"%s: %s","with":["x","{text}"]}',
      '{"rawtext":[{"text":"{text}"}]}',
      '{"text":"x","hoverEvent":{"action":"show_text","value":{"text":"{text}"}}}',
    ]) {
      expect(problems(component)).toEqual([]);
    }
  });

  test("of what stands outside the JSON that the escape needs", () => {
    const outside = (key: string, name = "text"): string =>
      `${key} must have {${name}} within a string of JSON, with which the command ends`;
    for (const say of [
      "say {text}",
      'tellraw @a {"text":{text}}',
      'say {text} {"text":"{text}"}',
      'tellraw @a {"text":"{text}"} x',
    ]) {
      expect(problemsOf({ escape: "json", say })).toEqual([outside("say")]);
    }
    const component = '{"text":"{text}"}';
    expect(problemsOf({ escape: "json", say: `x ["",${component}]` })).toEqual([]);
    expect(problemsOf({ escape: "json", tell: `tell {player} ${component}` })).toEqual([
      outside("tell", "player"),
    ]);
  });

  test("of a text that could be the name of a command", () => {
    for (const [escape, say] of [
      ["none", "{text}"],
      ["none", "/{text}"],
      ["none", "say{text}"],
      ["none", "minecraft:{text}"],
      ["none", "say hi; {text}"],
      ["quotes", '"{text}"'],
      ["quotes", 's"{text}"'],
      ["quotes", 'say "{text}"; "{text}"'],
      ["mux", "{text}"],
    ] as const) {
      expect(problemsOf({ escape, say })).toEqual([
        "say must begin with a command and a blank, as say {text} does: the text could be a command",
      ]);
    }
  });

  test("of a text behind a sign, except where a line may be no command at all", () => {
    const beginning =
      "say must begin with a command and a blank, as say {text} does: the text could be a command";
    for (const say of ["* {text}", "> {text}", "[relay] {text}"]) {
      expect(problemsOf({ escape: "none", say })).toEqual([]);
    }
    for (const say of ["*{text}", ":{text}", " {text}", "\u200b {text}", "* x; {text}"]) {
      expect(problemsOf({ escape: "none", say })).toEqual([beginning]);
    }
    expect(problemsOf({ escape: "mux", say: "* {text}" })).toEqual([beginning]);
    expect(problemsOf({ escape: "quotes", say: '* "{text}"' })).toEqual([beginning]);
  });

  test("but none where each line is chat", () => {
    for (const say of ["{text}", ":{text}", '"{text}"', "x; {text}"]) {
      expect(problemsOf({ escape: "chat", say })).toEqual([]);
    }
  });

  test("of an escape with which the console takes text for more", () => {
    const settings = new SettingsReader({ escape: "none", say: "say {text}" });
    readSpeech(settings, { ...OWN, isAnyEscape: false });
    expect(settings.problems).toEqual([
      {
        key: "escape",
        text: "must be quotes, or not be written: with none, what players say could run commands of this game",
      },
    ]);
  });

  test("of what is told, and the rest", () => {
    expect(problemsOf({ tell: "tell {text}" })).toEqual(["tell must have {player} or {id} in it"]);
    expect(problemsOf({ tell: "tell {player} {nick} {text}" })).toEqual([
      "tell has {nick} in it, and the placeholders are {text}, {player}, {id}",
    ]);
    expect(problemsOf({ escape: "html", text_bytes_max: "5", ascii: "yes" })).toEqual([
      'escape must be one of none, chat, quotes, apostrophe, json, mux, not "html"',
      'text_bytes_max must be a whole number from 16 to 1000, not "5"',
      'ascii must be one of on, off, not "yes"',
    ]);
    expect(problemsOf({ tell: "", say_admin: "" })).toEqual([]);
  });
});
