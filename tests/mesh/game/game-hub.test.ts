import { expect, test } from "bun:test";
import type { GameEvent, GameProvider, GameState } from "../../../mesh/game/game.ts";
import { GameHub } from "../../../mesh/game/game-hub.ts";

function provider(state: GameState = "up"): GameProvider & { readonly said: string[] } {
  const said: string[] = [];
  return {
    said,
    status: { adapter: "test", game: "test", state, map: null, players: [] },
    say: async ({ text }) => {
      said.push(text);
      return "sent";
    },
    tell: async ({ name }, text) => {
      said.push(`${name}: ${text}`);
      return "sent";
    },
  };
}

test("without a game nothing is said, and nothing fails", async () => {
  const hub = new GameHub();
  expect(hub.status).toBeUndefined();
  expect(await hub.say({ text: "hello" })).toBe("down");
  expect(await hub.tell({ name: "Alice" }, "hello")).toBe("down");
});

test("a game is spoken to, and heard by all who listen until they stop", async () => {
  const hub = new GameHub();
  const heard: string[] = [];
  const first = hub.onEvent(({ type }) => heard.push(`first ${type}`));
  hub.onEvent(({ type }) => heard.push(`second ${type}`));
  const game = provider();
  const registration = hub.provide(game, "plugin a");
  expect(await hub.say({ text: "hello" })).toBe("sent");
  expect(await hub.tell({ name: "Alice" }, "psst")).toBe("sent");
  expect(game.said).toEqual(["hello", "Alice: psst"]);
  registration.emit({ type: "map", map: "dm1" });
  first.remove();
  registration.emit({ type: "join", player: { name: "Alice" } });
  expect(heard).toEqual(["first map", "second map", "second join"]);
});

test("a second game is refused with who has the first, until that has gone", () => {
  const hub = new GameHub();
  const registration = hub.provide(provider(), "plugin a");
  expect(() => hub.provide(provider(), "plugin b")).toThrow(/already, from plugin a/);
  registration.remove();
  const second = hub.provide(provider(), "plugin b");
  // The first has nothing to say any more, and cannot take the second away.
  const heard: GameEvent[] = [];
  hub.onEvent((event) => heard.push(event));
  registration.emit({ type: "map", map: "dm1" });
  registration.remove();
  expect(heard).toEqual([]);
  expect(() => hub.provide(provider(), "plugin c")).toThrow(/already, from plugin b/);
  second.remove();
});

test("a game that goes while it is up goes down", () => {
  const hub = new GameHub();
  const heard: GameEvent["type"][] = [];
  hub.onEvent(({ type }) => heard.push(type));
  hub.provide(provider("up"), "plugin a").remove();
  hub.provide(provider("waiting"), "plugin a").remove();
  expect(heard).toEqual(["down"]);
});
