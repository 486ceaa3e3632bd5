import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { BzflagGrammar } from "../../../../../mesh/plugins/games/bzflag/grammar.ts";
import { isPrivateLog, readLogLine } from "../../../../../mesh/plugins/games/bzflag/log-line.ts";
import { readMessage } from "../../../../../mesh/plugins/games/bzflag/message.ts";
import { BZFLAG_PRESET } from "../../../../../mesh/plugins/games/bzflag/preset.ts";
import { readOverrides } from "../../../../../mesh/plugins/games/text-reading.ts";
import { SettingsReader, type WrittenSettings } from "../../../../../mesh/settings-reader.ts";
import { adapterOf, problemsOf } from "../../../../helpers/games/session-log.ts";
import { hostileLine } from "../arbitraries.ts";

describe("the settings of BZFlag", () => {
  test("none are needed", () => {
    expect(adapterOf(BZFLAG_PRESET, {}).where).toBe("127.0.0.1:5154");
    expect(adapterOf(BZFLAG_PRESET, { log: "/var/log/bzfs" }).where).toBe(
      "127.0.0.1:5154, read from /var/log/bzfs",
    );
    const command = adapterOf(BZFLAG_PRESET, { command: "/usr/games/bzfs -passwd secret" });
    expect(command.where).toBe("127.0.0.1:5154, read from /usr/games/bzfs");
  });

  test("wrong ones are told", () => {
    const wrong = { nick: "a@b:c", password: "two words", command: '"', log: "x", nik: "y" };
    expect(problemsOf(BZFLAG_PRESET, wrong)).toEqual([
      "nick must be 1 to 31 letters, digits and . _ - of ASCII",
      "password must be 1 to 100 characters of ASCII without blanks",
      "command has an open quote, or a backslash at its end",
      expect.stringContaining('nik is no key of [game]; did you mean "nick"?'),
    ]);
  });
});

/** With what a preset makes of the settings. */
function grammarOf(
  written: WrittenSettings,
  { isServer = true }: { readonly isServer?: boolean } = {},
): BzflagGrammar {
  const settings = new SettingsReader(written);
  const grammar = new BzflagGrammar({
    read: (line) => readLogLine(line, "ccp-mesh"),
    isPrivate: isPrivateLog,
    overrides: readOverrides(settings),
    nick: "ccp-mesh",
    ...readMessage(settings, { nick: "ccp-mesh", isServer }),
  });
  settings.refuseUnknown("[game]");
  if (settings.problems.length > 0) throw new Error(JSON.stringify(settings.problems));
  return grammar;
}

function said(grammar: BzflagGrammar, text: string): string {
  const spoken = grammar.say({ text });
  return typeof spoken === "string" ? spoken : spoken.command;
}

describe("what is said in BZFlag", () => {
  const server = grammarOf({});
  const player = grammarOf({}, { isServer: false });

  test("is ASCII, one line, cut, and no command", () => {
    expect(said(server, "/quit\nZoë 日本")).toBe("/say /quit Zoe ??");
    expect(said(player, "  /quit")).toBe(" /quit");
    expect(said(server, "a".repeat(112))).toBe(`/say ${"a".repeat(108)}...`);
    expect(said(server, "a".repeat(111))).toBe(`/say ${"a".repeat(111)}`);
    expect(said(player, "a".repeat(127))).toBe(`${"a".repeat(123)}...`);
    expect(said(player, "a".repeat(126))).toBe("a".repeat(126));
    expect(server.say({ text: " \u0000 " })).toBe("empty");
    expect(server.say({ text: "x", audience: "admin" })).toBe("unsupported");
  });

  test("to one player, whose name can stand in a command", () => {
    expect(server.tell({ name: "Al ice" }, "hi")).toEqual({ command: '/msg "Al ice" hi' });
    expect(server.tell({ name: 'Al"ice' }, "hi")).toBe("unsupported");
    expect(server.tell({ name: "Zoë" }, "hi")).toBe("unsupported");
  });

  test("stands in a template of the operator's, and runs nothing", () => {
    const templates = { "/say [mesh] {text}": "say", "{text} (mesh)": "", "> {text}": "" };
    for (const [say, command] of Object.entries(templates)) {
      const grammar = grammarOf({ say });
      const [before = "", after = ""] = say.split("{text}");
      fc.assert(
        fc.property(fc.oneof(hostileLine, fc.constantFrom("/quit", "/say x")), (text) => {
          const message = said(grammar, text);
          if (message === "empty") return;
          expect(message).toMatch(/^[\x20-\x7e]{1,127}$/);
          // As the server reads a message: a command is what begins with a slash.
          expect(/^\/(\S*)/.exec(message)?.[1] ?? "").toBe(command);
          expect(message.trimStart()).toStartWith(before);
          expect(message).toEndWith(after);
        }),
        { numRuns: 300 },
      );
    }
  });

  test("has templates that cannot be used told", () => {
    for (const say of ["/{text}", "/say{text}"]) {
      expect(problemsOf(BZFLAG_PRESET, { say })).toEqual([
        "say must have a space before {text}, which is no part of a command's name",
      ]);
    }
    expect(problemsOf(BZFLAG_PRESET, { say: `/say ${"x".repeat(100)}{text}` })).toEqual([
      "say leaves less than 16 bytes for the text",
    ]);
    expect(problemsOf(BZFLAG_PRESET, { say: "" })).toEqual([
      "say must have {text} in it; a value with ; or # in it stands in single quotes",
    ]);
  });
});

describe("patterns of the operator's in BZFlag", () => {
  const grammar = grammarOf({
    ignore: "MSG-BROADCAST 3:Bot ",
    chat: String.raw`MSG-(?:COMMAND|BROADCAST) \d+:(?<player>\S+) (?:<(?<team>\w+)> )?(?<text>.*)$`,
    leave: "",
  });
  const alice = { name: "Alice" };

  test("are tried first, and take the place of their kind", () => {
    expect(grammar.read("MSG-BROADCAST 5:Alice <red> hi")).toEqual({
      type: "chat",
      audience: "all",
      player: { ...alice, team: "red" },
      text: "hi",
    });
    expect(grammar.read("MSG-BROADCAST 3:Bot hi")).toBe("ignored");
    expect(grammar.read("PLAYER-PART 5:Alice #0")).toBeUndefined();
    expect(grammar.read("PLAYER-JOIN 5:Alice #0")).toEqual({ type: "join", player: alice });
    expect(grammar.read("MSG-ADMIN 5:Alice hi")).toMatchObject({ audience: "admin" });
  });

  test("see neither commands nor make chat of what the node says", () => {
    expect(grammar.read("MSG-COMMAND 5:Alice password x")).toBe("ignored");
    expect(grammar.read("MSG-BROADCAST 6:SERVER [trains] Bob: hi (ccp-mesh)")).toBe("ignored");
    expect(grammar.read("MSG-BROADCAST 8:ccp-mesh [trains] Bob: hi")).toBe("ignored");
  });
});
