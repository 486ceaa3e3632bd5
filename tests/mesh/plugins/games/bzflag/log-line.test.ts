import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { readBzadminLine } from "../../../../../mesh/plugins/games/bzflag/bzadmin-line.ts";
import { readLogLine } from "../../../../../mesh/plugins/games/bzflag/log-line.ts";

const AT = "2026-11-22 07:27:03: ";
const alice = { name: "Alice" };

describe("the log of a BZFlag server", () => {
  test.each([
    [`${AT}MSG-BROADCAST 5:Alice hello`, { audience: "all", player: alice, text: "hello" }],
    ["MSG-BROADCAST 5:Alice a: 3:Bob x", { audience: "all", player: alice, text: "a: 3:Bob x" }],
    [`${AT}MSG-BROADCAST 11:Al i: 3:Bob hi`, { player: { name: "Al i: 3:Bob" }, text: "hi" }],
    [`${AT}MSG-ADMIN 5:Alice help`, { audience: "admin", player: alice, text: "help" }],
    [
      `${AT}MSG-TEAM 5:Alice RED to me`,
      { audience: "team", player: { name: "Alice", team: "red" }, text: "to me" },
    ],
  ])("%s is chat", (line, expected) => {
    expect(readLogLine(line, "ccp-mesh")).toMatchObject({ type: "chat", ...expected });
  });

  test.each([
    [
      `${AT}PLAYER-JOIN 5:Alice #0 RED IP:127.0.0.1`,
      { type: "join", player: { name: "Alice", team: "red" } },
    ],
    [
      `${AT}PLAYER-JOIN 7: GREEN  #0 BZid:12 OBSERVER IP:127.0.0.1`,
      { type: "join", player: { name: "GREEN", team: "observer" } },
    ],
    [`${AT}PLAYER-PART 5:Alice #0 Disconnected`, { type: "leave", player: alice }],
    [`${AT}SERVER-MAPNAME castle`, { type: "map", map: "castle" }],
  ])("%s", (line, expected) => {
    const read: unknown = readLogLine(line, "ccp-mesh");
    expect(read).toEqual(expected);
  });

  test.each([
    "SERVER-MAPNAME ",
    "SERVER-STATUS Running",
    "PLAYERS (1) [@]8:ccp-mesh(bzadmin)",
    "MSG-COMMAND 8:ccp-mesh password secret",
    "MSG-DIRECT 5:Alice 3:Bob psst",
    "MSG-BROADCAST 6:SERVER hi (ccp-mesh)",
    "MSG-BROADCAST 8:ccp-mesh hi",
    "PLAYER-JOIN 8:ccp-mesh #0 OBSERVER IP:127.0.0.1",
    "PLAYER-PART 8:ccp-mesh #1 gone",
    "PLAYER-PART 5:Alice #1 /rejected: The callsign specified is already in use.",
  ])("%s is nobody's business", (line) => {
    expect(readLogLine(AT + line, "ccp-mesh")).toBe("ignored");
  });

  test.each(["", "hello", "MSG-BROADCAST", "MSG-BROADCAST 9:Alice hi", "MSG-BROADCAST 3:Alice hi"])(
    "%j is not understood",
    (line) => {
      expect(readLogLine(line, "ccp-mesh")).toBeUndefined();
    },
  );

  test("a name and a text are what they are, whatever is in them", () => {
    const ascii = fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 31 });
    const plain = ascii.filter((text) => text.trim() === text && !text.includes("  "));
    fc.assert(
      fc.property(plain, plain, (name, text) => {
        fc.pre(!["SERVER", "ccp-mesh"].includes(name));
        const line = `${AT}MSG-BROADCAST ${name.length}:${name} ${text}`;
        const expected = { type: "chat", audience: "all", player: { name }, text };
        const read: unknown = readLogLine(line, "ccp-mesh");
        expect(read).toEqual(expected);
      }),
    );
  });

  test("no line makes it throw", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary" }),
        fc.constantFrom("MSG-TEAM ", "PLAYER-JOIN 3:", "    "),
        (rest, head) => {
          for (const read of [readLogLine, readBzadminLine]) read(head + rest, "ccp-mesh");
        },
      ),
    );
  });
});

describe("the output of bzadmin", () => {
  test.each([
    ["    Alice: hi: there", { type: "chat", audience: "all", player: alice, text: "hi: there" }],
    ["    [Team] Alice: hi", { type: "chat", audience: "team", player: alice, text: "hi" }],
    ["    [Admin] Alice: hi", { type: "chat", audience: "admin", player: alice, text: "hi" }],
    ["*** 'Alice' joined the game as Observer.", { type: "join", player: alice }],
    ["*** 'Alice' joined the game as Red Team from 1.2.3.4.", { type: "join", player: alice }],
    ["*** 'Alice' left the game.", { type: "leave", player: alice }],
    ["*** 'Alice' destroyed by 'Bob'.", "ignored"],
    ["    [SERVER->] You are now an administrator!", "ignored"],
    ["    [Alice->] psst", "ignored"],
    ["    [->Alice] psst", "ignored"],
    ["    SERVER: hi (ccp-mesh)", "ignored"],
    ["    ccp-mesh: hi", "ignored"],
    ["*** 'ccp-mesh' left the game.", "ignored"],
    ["    Alice waves", undefined],
  ])("%s", (line, expected) => {
    const read: unknown = readBzadminLine(line, "ccp-mesh");
    expect(read).toEqual(expected);
  });
});
