import { expect, test } from "bun:test";
import { gameServersOf } from "../../../mesh/game/game-servers.ts";

test("nodes with a game are listed by name, with what they say of it", () => {
  const presence = new Map([
    ["surf", { game: "teeworlds", map: "dm1", playerCount: 3, players: ["Alice", "Bob"] }],
    ["bhop", { game: "openttd" }],
    ["panel", { version: 1 }],
  ]);
  expect(gameServersOf(presence)).toEqual([
    { node: "bhop", game: "openttd", map: undefined, playerCount: 0, players: [] },
    { node: "surf", game: "teeworlds", map: "dm1", playerCount: 3, players: ["Alice", "Bob"] },
  ]);
});

test("what another kind of program says is read as far as it can be", () => {
  const presence = new Map<string, Readonly<Record<string, unknown>>>([
    ["a", { game: 7 }],
    ["b", { game: "x", map: 1, playerCount: "many", players: "all" }],
    ["c", { game: "x", playerCount: -1, players: [1, "Ann", null] }],
    ["d", { game: "x", players: Array(1000).fill("Ann") }],
  ]);
  const servers = gameServersOf(presence);
  expect(servers.map(({ node, playerCount }) => [node, playerCount])).toEqual([
    ["b", 0],
    ["c", 1],
    ["d", 256],
  ]);
});
