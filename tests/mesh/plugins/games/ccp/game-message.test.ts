import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { readGameMessage } from "../../../../../mesh/plugins/games/ccp/game-message.ts";
import { hostileLine } from "../arbitraries.ts";

function read(message: unknown): object {
  return readGameMessage(Buffer.from(JSON.stringify(message)));
}

function problemOf(message: unknown): string {
  const answer = readGameMessage(Buffer.from(JSON.stringify(message)));
  return "problem" in answer ? answer.problem : `it was read as ${answer.type}`;
}

const ann = { name: "Ann" };

describe("what a game tells", () => {
  test.each([
    [{ type: "up" }, { type: "up", players: [] }],
    [
      { type: "up", map: null, players: [{ name: "Ann", id: 7, team: null }] },
      { type: "up", map: null, players: [{ name: "Ann", id: "7" }] },
    ],
    [
      { type: "chat", player: { ...ann, id: "STEAM_1", team: 2 }, text: "a\nb\u202e" },
      {
        type: "chat",
        player: { name: "Ann", id: "STEAM_1", team: "2" },
        text: "a b",
        audience: "all",
      },
    ],
    [
      { type: "chat", player: ann, text: "", audience: "admin" },
      { type: "chat", player: ann, text: "", audience: "admin" },
    ],
    [
      { type: "join", player: { name: " A\tnn " } },
      { type: "join", player: { name: " A nn " } },
    ],
    [
      { type: "leave", player: ann },
      { type: "leave", player: ann },
    ],
    [
      { type: "rename", player: ann, before: "Bob" },
      { type: "rename", player: ann, before: "Bob" },
    ],
    [
      { type: "map", map: "dm1" },
      { type: "map", map: "dm1" },
    ],
    [{ type: "down" }, { type: "down" }],
  ])("is read: %j", (told, message) => {
    expect(read(told)).toEqual(message);
  });

  test.each([
    [[], "type: it must say which message this is"],
    [7, 'the message must be a JSON object with a "type"'],
    [null, 'the message must be a JSON object with a "type"'],
    [{ type: "shout" }, 'type: no message is called "shout"'],
    [{ type: "x\u001b[2J".repeat(200) }, /^type: no message is called "x/],
    [{ type: "chat", text: "hi" }, /^player: /],
    [{ type: "chat", player: { name: "Ann", rank: 1 }, text: "hi" }, /^player\.rank: /],
    [{ type: "chat", player: ann, text: "hi", audience: "some" }, /^audience: /],
    [{ type: "chat", player: ann, text: "x".repeat(4097) }, /^text: Invalid length/],
    [{ type: "join", player: { name: "x".repeat(129) } }, /^player\.name: Invalid length/],
    [
      { type: "join", player: { name: "\u200b\n" } },
      "player.name: there must be something in it to be seen",
    ],
    [{ type: "join", player: { name: "Ann", id: 1.5 } }, /^player\.id: /],
    [{ type: "up", players: [ann, {}] }, /^players\.1\.name: /],
    [
      { type: "up", players: Array.from({ length: 1001 }, () => ({ ...ann })) },
      /^players: Invalid length/,
    ],
    [{ type: "up", mpa: "dm1" }, /^mpa: /],
  ])("is refused with its place: %j", (told, problem) => {
    const text = problemOf(told);
    if (typeof problem === "string") expect(text).toBe(problem);
    else expect(text).toMatch(problem);
    expect(text.length).toBeLessThanOrEqual(200);
    expect(text).not.toMatch(/\p{Cc}/u);
  });

  test.each([
    ["no JSON", Buffer.from("{"), "the message is no JSON in UTF-8"],
    ["no UTF-8", Buffer.from([0x22, 0xff, 0x22]), "the message is no JSON in UTF-8"],
    ["nothing", Buffer.alloc(0), "the message is no JSON in UTF-8"],
    ["nested deeply", Buffer.alloc(200_000, "["), "the message is no JSON in UTF-8"],
    [
      "too long",
      Buffer.alloc(300_000, " "),
      "the message has 300000 bytes; one has at most 262144",
    ],
  ])("is refused if it is %s", (_what, data, problem) => {
    expect(readGameMessage(data)).toEqual({ problem: expect.stringContaining(problem) });
  });

  test("is one line each and bounded, or refused, whatever it is", () => {
    const label = fc.oneof(hostileLine, fc.string({ maxLength: 200 }), fc.integer());
    const player = fc.record({ name: label, id: label, team: label }, { requiredKeys: ["name"] });
    const told = fc.oneof(
      fc.record({ type: fc.constant("chat"), player, text: hostileLine }),
      fc.record({ type: fc.constant("up"), map: label, players: fc.array(player) }),
      fc.record({ type: fc.constant("rename"), player, before: label }),
      fc.jsonValue(),
    );
    fc.assert(
      fc.property(told, (value) => {
        JSON.stringify(read(value), (_key, part: unknown) => {
          if (typeof part === "string") expect(part).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\u202e]/u);
          return part;
        });
      }),
      { numRuns: 500 },
    );
  });
});
