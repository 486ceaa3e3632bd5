import { describe, expect, test } from "bun:test";
import { BzflagGrammar } from "../../../../../mesh/plugins/games/bzflag/grammar.ts";
import { BZFLAG_PRESET } from "../../../../../mesh/plugins/games/bzflag/preset.ts";
import { adapterOf, problemsOf } from "../../../../helpers/games/session-log.ts";

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

describe("what is said in BZFlag", () => {
  const read = () => undefined;
  const server = new BzflagGrammar({ read, sayCommand: "/say ", textBytesMax: 20 });
  const player = new BzflagGrammar({ read, sayCommand: "", textBytesMax: 20 });

  test("is ASCII, one line, cut, and no command", () => {
    expect(server.say({ text: "/quit\nZoë 日本" })).toEqual({ command: "/say /quit Zoe ??" });
    expect(player.say({ text: "  /quit" })).toEqual({ command: " /quit" });
    expect(server.say({ text: "a".repeat(21) })).toEqual({ command: `/say ${"a".repeat(17)}...` });
    expect(server.say({ text: " \u0000 " })).toBe("empty");
    expect(server.say({ text: "x", audience: "admin" })).toBe("unsupported");
  });

  test("to one player, whose name can stand in a command", () => {
    expect(server.tell({ name: "Al ice" }, "hi")).toEqual({ command: '/msg "Al ice" hi' });
    expect(server.tell({ name: 'Al"ice' }, "hi")).toBe("unsupported");
    expect(server.tell({ name: "Zoë" }, "hi")).toBe("unsupported");
  });
});
