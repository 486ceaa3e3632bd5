import { describe, expect, test } from "bun:test";
import { SettingsReader, type WrittenSettings } from "../../../../../mesh/index.ts";
import type { BuiltInPatterns } from "../../../../../mesh/plugins/games/text/patterns.ts";
import { readPatterns } from "../../../../../mesh/plugins/games/text/read-patterns.ts";

const BUILT_IN: BuiltInPatterns = {
  chat: [/^(?<player>\w+): (?<text>.*)$/u],
  join: [/^\+(?<player>\w+)$/u],
};

function problemsOf(written: WrittenSettings): string[] {
  const settings = new SettingsReader(written);
  readPatterns(settings, BUILT_IN);
  settings.refuseUnknown("the game");
  return settings.problems.map(({ key, text }) => `${key} ${text}`);
}

describe("patterns", () => {
  test("are the preset's where nothing is written", () => {
    const patterns = readPatterns(new SettingsReader({}), BUILT_IN);
    expect(patterns.chat[0]?.match("Alice: hi")).toMatchObject({ player: "Alice", text: "hi" });
    expect(patterns.chat[0]?.match("nothing")).toBeUndefined();
    expect(patterns.leave).toEqual([]);
  });

  test("take the place of the preset's own of the same kind, and of no other", () => {
    const written = {
      chat: [String.raw`^<(?<player>.*?)> (?P<text>.*)(?<team>!)?$`, "(?<player>a)(?<text>b)"],
    };
    const patterns = readPatterns(new SettingsReader(written), BUILT_IN);
    expect(patterns.chat).toHaveLength(2);
    expect(patterns.chat[0]?.match("<Al> hé 💥")).toEqual({
      player: "Al",
      text: "hé 💥",
      team: null,
    });
    expect(patterns.chat[0]?.match("Alice: hi")).toBeUndefined();
    expect(patterns.join[0]?.match("+Bob")).toMatchObject({ player: "Bob" });
  });

  test("are none where the key is empty", () => {
    const patterns = readPatterns(new SettingsReader({ join: "" }), BUILT_IN);
    expect(patterns.join).toEqual([]);
    expect(problemsOf({ join: "" })).toEqual([]);
  });

  test("that cannot be compiled are told, with what is wrong", () => {
    expect(problemsOf({ chat: "(?<player>a)(?<text>b" })).toEqual([
      'chat cannot use the pattern "(?<player>a)(?<text>b": missing closing ): `(?<player>a)(?<text>b`',
    ]);
    expect(problemsOf({ ignore: [String.raw`(a)\1`, "^(?=a)b", "(?<!a)b"] })).toEqual([
      String.raw`ignore cannot use the pattern "(a)\\1": invalid escape sequence: ` + "`\\1`",
      'ignore cannot use the pattern "^(?=a)b": invalid or unsupported Perl syntax: `(?=`; look-around is not among the rules of RE2, which are used',
      'ignore cannot use the pattern "(?<!a)b": invalid named capture: `(?<!a)b`; look-around is not among the rules of RE2, which are used',
    ]);
  });

  test("that lack a group, or have another one, are told", () => {
    expect(problemsOf({ chat: "(?<player>a)", rename: "(?<player>a)" })).toEqual([
      'chat cannot use the pattern "(?<player>a)": it needs a group (?<text>...); a pattern with ; or # in it stands in single quotes',
      'rename cannot use the pattern "(?<player>a)": it needs a group (?<before>...); a pattern with ; or # in it stands in single quotes',
    ]);
    expect(problemsOf({ join: "(?<player>a)(?<name>b)" })).toEqual([
      'join cannot use the pattern "(?<player>a)(?<name>b)": it has a group "name", and the groups are player, text, id, team, map, before',
    ]);
  });

  test("that are too many, too long or too slow are told", () => {
    expect(problemsOf({ ignore: Array.from({ length: 17 }, () => "a") })).toEqual([
      "ignore has more than 16 patterns",
    ]);
    expect(problemsOf({ ignore: "a".repeat(1001) })).toEqual([
      "ignore has a pattern of more than 1000 characters: make two of it",
    ]);
    expect(problemsOf({ ignore: "(?:a?b?c?){0,300}" })).toEqual([
      'ignore cannot use the pattern "(?:a?b?c?){0,300}": its repeats {n} are too many',
    ]);
  });

  test("that would hang another engine end", () => {
    const [pattern] = readPatterns(new SettingsReader({ ignore: "^(a+)+$" }), {}).ignore;
    expect(pattern?.match(`${"a".repeat(4000)}b`)).toBeUndefined();
    expect(pattern?.match("a".repeat(4000))).toBeDefined();
  });
});
