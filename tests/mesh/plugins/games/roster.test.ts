import { expect, test } from "bun:test";
import { PlayerRoster } from "../../../../mesh/plugins/games/roster.ts";

test("knows who is there by the game's ids", () => {
  const roster = new PlayerRoster();
  roster.take({ type: "up", map: "dm1", players: [{ name: "Ann", id: "1" }] });
  expect(roster.take({ type: "join", player: { name: "Ann", id: "2" } })).toBe(true);
  roster.take({ type: "rename", player: { name: "Anna", id: "1" }, before: "Ann" });
  expect(roster.players.map(({ name }) => name)).toEqual(["Ann", "Anna"]);
  expect(roster.take({ type: "leave", player: { name: "Ann", id: "2" } })).toBe(true);
  expect(roster.take({ type: "leave", player: { name: "Ann", id: "7" } })).toBe(false);
  const chat = { type: "chat", audience: "all", player: { name: "Zoe" }, text: "hi" } as const;
  expect(roster.take(chat)).toBe(false);
  expect(roster.players).toEqual([{ name: "Anna", id: "1" }]);
  roster.take({ type: "down", reason: "x" });
  expect(roster.players).toEqual([]);
});

test("goes by names where the game has no ids", () => {
  const roster = new PlayerRoster();
  roster.take({ type: "join", player: { name: "Ann" } });
  roster.take({ type: "join", player: { name: "Ann" } });
  roster.take({ type: "rename", player: { name: "Bea" }, before: "Ann" });
  expect(roster.players).toEqual([{ name: "Bea" }]);
});

test("is bounded", () => {
  const roster = new PlayerRoster();
  for (let n = 0; n < 2000; n += 1) roster.take({ type: "join", player: { name: `p${n}` } });
  expect(roster.players.length).toBe(1000);
});
