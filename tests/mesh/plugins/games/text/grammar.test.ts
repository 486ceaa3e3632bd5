import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { SettingsReader, type WrittenSettings } from "../../../../../mesh/index.ts";
import { LineGrammar } from "../../../../../mesh/plugins/games/text/grammar.ts";
import { readPatterns } from "../../../../../mesh/plugins/games/text/read-patterns.ts";
import { readSpeech } from "../../../../../mesh/plugins/games/text/read-speech.ts";
import { UNSAFE } from "../../../../helpers/games/console-commands.ts";
import { hostileLine } from "../arbitraries.ts";

const WRITTEN: WrittenSettings = {
  ignore: "^#",
  chat: String.raw`^(?:(?P<id>\d+) )?(?<player>[^:]*): ?(?<text>.*)$`,
  team_chat: String.raw`^\(team (?<team>\w+)\) (?<player>[^:]*): (?<text>.*)$`,
  admin_chat: String.raw`^\(admins\) (?<player>[^:]*): (?<text>.*)$`,
  join: String.raw`^\+(?<id>\d*) (?<player>.*)$`,
  leave: "^-(?<player>.*)$",
  rename: "^(?<before>.*) => (?<player>.*)$",
  map: "^map (?<map>.*)$",
};

function grammarOf(written: WrittenSettings = WRITTEN, codes?: RegExp): LineGrammar {
  const settings = new SettingsReader(written);
  return new LineGrammar({
    patterns: readPatterns(settings, {}),
    speech: readSpeech(settings, { say: "{text}", escape: "none", textBytesMax: 100 }),
    ...(codes === undefined ? {} : { codes }),
  });
}

describe("a line", () => {
  const grammar = grammarOf();

  test("is read as what the first pattern that fits says", () => {
    expect(grammar.read("Alice: hi: there ")).toEqual({
      type: "chat",
      audience: "all",
      player: { name: "Alice" },
      text: "hi: there",
    });
    expect(grammar.read("(team red) Bob: go")).toEqual({
      type: "chat",
      audience: "team",
      player: { name: "Bob", team: "red" },
      text: "go",
    });
    expect(grammar.read("(admins) Bob: ban him")).toMatchObject({ audience: "admin" });
    expect(grammar.read("+7 Carol")).toEqual({ type: "join", player: { name: "Carol", id: "7" } });
    expect(grammar.read("-Carol")).toEqual({ type: "leave", player: { name: "Carol" } });
    expect(grammar.read("Al => Alice")).toEqual({
      type: "rename",
      player: { name: "Alice" },
      before: "Al",
    });
    expect(grammar.read("map desert")).toEqual({ type: "map", map: "desert" });
    expect(grammar.read("#Alice: hi")).toBe("ignored");
    expect(grammar.read("nothing of interest")).toBeUndefined();
  });

  test("without a name, a text or a change is none", () => {
    expect(grammar.read("Alice:  ")).toBe("ignored");
    expect(grammar.read("Al => Al")).toBe("ignored");
    expect(grammar.read("7 : hi")).toMatchObject({ player: { name: "player 7", id: "7" } });
    expect(grammar.read(": hi")).toBeUndefined();
    expect(grammar.read("map ")).toBeUndefined();
  });

  test("is read without the codes in it, and cut where it is too long", () => {
    const coloured = grammarOf(WRITTEN, /§[0-9a-f]/g);
    expect(coloured.read("§4Ali\u001b[1mce\u0003: h\u0000i")).toMatchObject({
      player: { name: "Alice" },
      text: "hi",
    });
    expect(grammar.read(`Alice: ${"x".repeat(10_000)}`)).toMatchObject({
      text: "x".repeat(4096 - "Alice: ".length),
    });
    expect(grammar.read(`${"x".repeat(200)}: hi`)).toMatchObject({
      player: { name: "x".repeat(128) },
    });
  });

  test("gives no name and no text that is not one clean line, whatever it is", () => {
    fc.assert(
      fc.property(hostileLine, hostileLine, (name, text) => {
        for (const line of [
          `${name}: ${text}`,
          `+1 ${name}`,
          `${name} => ${text}`,
          `map ${name}`,
        ]) {
          const read = grammar.read(line);
          if (read === undefined || read === "ignored") continue;
          const told = Object.values({ ...read, ...("player" in read ? read.player : {}) }).filter(
            (value) => typeof value === "string",
          );
          for (const value of told) {
            expect(value).not.toMatch(UNSAFE);
            expect(value).not.toBe("");
          }
        }
      }),
    );
  });
});
