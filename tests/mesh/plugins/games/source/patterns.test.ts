import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { SettingsReader } from "../../../../../mesh/index.ts";
import { SOURCE_PATTERNS } from "../../../../../mesh/plugins/games/source/patterns.ts";
import { chatLine } from "../../../../../mesh/plugins/games/text/chat-line.ts";
import { LineGrammar } from "../../../../../mesh/plugins/games/text/grammar.ts";
import { readPatterns } from "../../../../../mesh/plugins/games/text/read-patterns.ts";
import { hostileLine } from "../arbitraries.ts";

const DATE = "L 11/22/2026 - 07:11:12: ";
const CS2_DATE = "11/22/2026 - 07:11:12.345 - ";

const grammar = new LineGrammar({
  patterns: readPatterns(new SettingsReader({}), SOURCE_PATTERNS),
  speech: { say: () => "unsupported", tell: () => "unsupported" },
});

const ALICE = { name: "Alice", id: "2", team: "Red" };

describe("a line of the log", () => {
  test("tells what is said, to whom", () => {
    expect(grammar.read(`${DATE}"Alice<2><STEAM_0:1:5><Red>" say "hi "there""`)).toEqual({
      type: "chat",
      audience: "all",
      player: ALICE,
      text: 'hi "there"',
    });
    expect(grammar.read(`${DATE}"Alice<2><[U:1:5]><Red>" say_team "go" (dead)`)).toEqual({
      type: "chat",
      audience: "team",
      player: ALICE,
      text: "go",
    });
    expect(grammar.read(`${CS2_DATE}"Zoë 💥<12><[U:1:5]><CT>" say "é"`)).toEqual({
      type: "chat",
      audience: "all",
      player: { name: "Zoë 💥", id: "12", team: "CT" },
      text: "é",
    });
  });

  test("tells who comes, goes, and is called otherwise", () => {
    expect(grammar.read(`${DATE}"Alice<2><STEAM_0:1:5><>" entered the game`)).toEqual({
      type: "join",
      player: { name: "Alice", id: "2" },
    });
    for (const end of ["", ' (reason "Disconnect by user.")', ' (reason "a "b")']) {
      expect(grammar.read(`${DATE}"Alice<2><STEAM_0:1:5><Red>" disconnected${end}`)).toEqual({
        type: "leave",
        player: ALICE,
      });
    }
    expect(grammar.read(`${DATE}"Al<2><STEAM_0:1:5><Red>" changed name to "Alice"`)).toEqual({
      type: "rename",
      player: ALICE,
      before: "Al",
    });
  });

  test("tells the map", () => {
    expect(grammar.read(`${DATE}Loading map "cp_dustbowl"`)).toEqual({
      type: "map",
      map: "cp_dustbowl",
    });
    expect(grammar.read(`${CS2_DATE}Started map "de_nuke" (CRC "-17")`)).toEqual({
      type: "map",
      map: "de_nuke",
    });
  });

  test("of the server itself, of bots and of deeds is ignored", () => {
    const lines = [
      '"Console<0><Console><Console>" say "[other] Bob: hi"',
      '"Bot Joe<3><BOT><Red>" say "hi"',
      '"Bot Joe<3><BOT><>" entered the game',
      '"Alice<2><STEAM_0:1:5><Red>" killed "Bob<4><STEAM_0:1:6><Blue>" with "rifle"',
      '"Alice<2><[U:1:5]><CT>" [1 -2 3] killed "Bob<4><[U:1:6]><T>" [1 2 3] with "ak47"',
      '"Alice<2><STEAM_0:1:5><>" connected, address "192.0.2.9:27005"',
      '"Alice<2><STEAM_0:1:5><>" STEAM USERID validated',
      'World triggered "Round_Start"',
      'Team "Red" scored "1"',
      'rcon from "127.0.0.1:5000": command "say hi"',
      'server_cvar: "mp_friendlyfire" "1"',
      '"mp_friendlyfire" = "0"',
    ];
    for (const line of lines) expect(grammar.read(DATE + line)).toBe("ignored");
  });

  test("is nothing without its date, and not understood where it is something else", () => {
    expect(grammar.read('"Alice<2><STEAM_0:1:5><Red>" say "hi"')).toBeUndefined();
    expect(grammar.read(`x ${DATE}"Alice<2><STEAM_0:1:5><Red>" say "hi"`)).toBeUndefined();
    expect(grammar.read(`${DATE}"Alice<2><STEAM_0:1:5><Red>" danced`)).toBeUndefined();
    expect(grammar.read(`${DATE}"Alice" say "hi"`)).toBeUndefined();
  });
});

describe("a player", () => {
  test("may be called as pieces of a line", () => {
    for (const name of [
      'a"b',
      "a<b>c",
      "<2>",
      "x<1><2>",
      'say "hi"',
      '" say "',
      "a: b",
      "<><><>",
    ]) {
      expect(grammar.read(`${DATE}"${name}<2><STEAM_0:1:5><Red>" say "hi"`)).toEqual({
        type: "chat",
        audience: "all",
        player: { name, id: "2", team: "Red" },
        text: "hi",
      });
    }
  });

  test("cannot speak, come or go for another by a text, a name or a reason", () => {
    const other = 'Bob<4><STEAM_0:1:6><Blue>" ';
    const own = '<2><STEAM_0:1:5><Red>" ';
    const forged = [
      `"Eve${own}say "x${other}say "I quit"`,
      `"Eve${own}say "x" ${other}entered the game`,
      `"${other}say "hi${own}say "x"`,
      `"${other}entered the game${own}entered the game`,
      `"${other}disconnected (reason "${own}disconnected (reason "x")`,
      `"Eve${own}disconnected (reason "x${other}say "I quit")`,
      `"${other}changed name to "x${own}changed name to "Eve"`,
      `"Eve${own}changed name to "${other}say "x"`,
      `"Console<0><Console><Console>" say "${own}say "x"`,
    ];
    for (const line of forged) {
      const read = grammar.read(DATE + line);
      expect([undefined, "ignored"]).toContain(Object(read).type ?? read);
    }
  });

  const piece = fc.oneof(
    hostileLine,
    fc
      .array(
        fc.oneof(
          fc.constantFrom(
            '<4><STEAM_0:1:6><Blue>" ',
            "<4>",
            "<STEAM_0:1:6>",
            "<>",
            '"',
            '" say "',
            "<",
            ">",
            "entered the game",
            'disconnected (reason "',
            'changed name to "',
            DATE,
            "7",
            "x",
            "<0><Console><Console>",
            "<3><BOT><Red>",
            " (dead)",
            '")',
            "\u0001",
            "\u202e",
          ),
        ),
        { maxLength: 9 },
      )
      .map((parts) => parts.join("")),
  );

  /** A verb, and what it can be heard as. */
  const verbs: readonly (readonly [(text: string) => string, string])[] = [
    [(text) => `say "${text}"`, "chat"],
    [(text) => `say_team "${text}"`, "chat"],
    [() => "entered the game", "join"],
    [(text) => `disconnected (reason "${text}")`, "leave"],
    [(text) => `changed name to "${text}"`, "rename"],
    [(text) => `triggered "${text}"`, "nothing"],
  ];

  test("is heard as nobody else, whatever name, text and reason are", () => {
    fc.assert(
      fc.property(piece, piece, fc.constantFrom(...verbs), (name, text, [verb, type]) => {
        const line = `${DATE}"${name}<7><[U:1:9]><Red>" ${verb(text)}`;
        const read = grammar.read(line);
        // What is longer than any line may be is cut.
        if (read === undefined || read === "ignored" || line.length > 4096) return;
        expect<string>(read.type).toBe(type);
        if (read.type === "map") throw new Error("nobody changes the map");
        expect(read.player.id).toBe("7");
        expect(read.player.team).toBe("Red");
        const called = read.type === "rename" ? read.before : read.player.name;
        const clean = chatLine(`${name}<`).slice(0, -1).slice(0, 128).toWellFormed().trim();
        expect(called).toBe(clean === "" ? "player 7" : clean);
      }),
      { numRuns: 3000 },
    );
  });
});
