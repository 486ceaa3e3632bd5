import { afterEach, describe, expect, test } from "bun:test";
import type { GameAdapter, GameSession } from "../../../../../mesh/plugins/games/adapter.ts";
import { CCP_PRESET } from "../../../../../mesh/plugins/games/ccp/adapter.ts";
import type { Endpoint } from "../../../../../src/index.ts";
import { endpointOf, GamePlugin } from "../../../../helpers/games/game-plugin.ts";
import { adapterOf, problemsOf, SessionLog } from "../../../../helpers/games/session-log.ts";
import { nextTurn, until } from "../../../../helpers/turns.ts";

const ann = { name: "Ann", id: "1" };
const bob = { name: "Bob", id: "2" };

const opened: { errors: readonly unknown[] }[] = [];
let stack = new AsyncDisposableStack();

afterEach(async () => {
  await stack.disposeAsync();
  stack = new AsyncDisposableStack();
  for (const { errors } of opened.splice(0)) expect(errors).toEqual([]);
});

interface Bed {
  readonly adapter: GameAdapter;
  readonly endpoint: Endpoint;
  readonly log: SessionLog;
  readonly session: GameSession;
}

/** A session, and a port to which its game may come. */
async function bed(written: Record<string, string> = {}): Promise<Bed> {
  const adapter = adapterOf(CCP_PRESET, written);
  const place = await endpointOf(adapter);
  opened.push(place);
  stack.defer(async () => void (await place.endpoint.close(0)));
  return { adapter, endpoint: place.endpoint, ...SessionLog.open(adapter) };
}

async function dial({ endpoint }: Bed, plugin?: string): Promise<GamePlugin> {
  return stack.use(await GamePlugin.dial(endpoint.port, plugin));
}

/** A game that is up, with Ann in it. */
async function up(place: Bed): Promise<GamePlugin> {
  const game = await dial(place);
  game.tell({ type: "up", map: "dm1", players: [ann] });
  await place.log.up();
  return game;
}

describe("the settings", () => {
  test("name the plugin", () => {
    const adapter = adapterOf(CCP_PRESET, {});
    expect([adapter.receiver?.plugin, adapter.game]).toEqual(["game", "ccp"]);
    expect(adapter.where).toBe('raw "game" at the node\'s own port');
    expect(adapterOf(CCP_PRESET, { plugin: "tf2" }).receiver?.plugin).toBe("tf2");
  });

  test("refuse names that cannot be", () => {
    expect(problemsOf(CCP_PRESET, { plugin: "my game" })).toEqual([
      "plugin must be 1 to 64 letters, digits, dots, dashes or underscores",
    ]);
    expect(problemsOf(CCP_PRESET, { plugin: "mesh" })).toEqual([
      "plugin cannot be mesh, which is the node's own; choose another",
    ]);
  });
});

describe("a session", () => {
  test("waits for the game, and tells what it says [GAME-2]", async () => {
    const place = await bed({ plugin: "tf2" });
    const game = await dial(place, "tf2");
    await nextTurn();
    expect(place.log.told).toEqual([]);
    game.tell({ type: "up", map: "dm1", players: [{ name: "Ann", id: 1 }] });
    game.tell({ type: "join", player: bob });
    game.tell({ type: "chat", player: { ...bob, team: "red" }, text: "hi", audience: "team" });
    game.tell({ type: "chat", player: bob, text: "\n" });
    game.tell({ type: "rename", player: { name: "Rob", id: 2 }, before: "Bob" });
    game.tell({ type: "leave", player: bob });
    game.tell({ type: "map", map: "dm2" });
    await place.log.heard({ type: "map" });
    expect(place.log.told).toEqual([
      { type: "session up", start: { map: "dm1", players: [ann] } },
      { type: "join", player: bob },
      { type: "chat", player: { ...bob, team: "red" }, text: "hi", audience: "team" },
      { type: "rename", player: { name: "Rob", id: "2" }, before: "Bob" },
      { type: "leave", player: bob },
      { type: "map", map: "dm2" },
    ]);
  });

  test("tells each change of who is there once, however often the game tells it [GAME-2.2]", async () => {
    const place = await bed();
    const game = await up(place);
    const eve = { name: "Eve" };
    for (const message of [
      { type: "join", player: ann },
      { type: "join", player: { ...ann, name: "Anna" } },
      { type: "leave", player: eve },
      { type: "rename", player: eve, before: "Nobody" },
      { type: "rename", player: { name: "Eva" }, before: "Eve" },
      { type: "rename", player: { name: "Eva" }, before: "Eva" },
      { type: "leave", player: eve },
      { type: "map", map: "the end" },
    ]) {
      game.tell(message);
    }
    await place.log.heard({ type: "map" });
    expect(place.log.told.slice(1, -1)).toEqual([
      { type: "rename", player: { ...ann, name: "Anna" }, before: "Ann" },
      { type: "join", player: eve },
      { type: "rename", player: { name: "Eva" }, before: "Eve" },
    ]);
  });

  test("takes another up for what has changed since [GAME-2.3]", async () => {
    const place = await bed();
    const game = await up(place);
    game.tell({ type: "up", players: [ann] });
    game.tell({ type: "up", map: "dm2", players: [bob, { ...ann, name: "Anna" }] });
    game.tell({ type: "up", map: "dm2", players: [bob] });
    await place.log.heard({ type: "leave" });
    expect(place.log.told.slice(1)).toEqual([
      { type: "join", player: bob },
      { type: "rename", player: { ...ann, name: "Anna" }, before: "Ann" },
      { type: "map", map: "dm2" },
      { type: "leave", player: { ...ann, name: "Anna" } },
    ]);
  });

  test("says lines, and tells one player, as one line each [GAME-3]", async () => {
    const place = await bed();
    const { session } = place;
    expect(await session.say({ text: "early" })).toBe("down");
    const game = await up(place);
    const origin = { server: "dust\n", player: "Eve", text: "hi\nthere" };
    expect(await session.say({ text: "[dust] Eve: hi\u0007", origin })).toBe("sent");
    expect(await session.say({ text: "é".repeat(1000), audience: "admin" })).toBe("sent");
    expect(await session.tell(ann, "ps\u202est")).toBe("sent");
    expect(await session.say({ text: "\u200b\n" })).toBe("empty");
    expect(await session.tell(ann, "")).toBe("empty");
    expect(await game.next()).toEqual({
      type: "say",
      text: "[dust] Eve: hi",
      audience: "all",
      origin: { server: "dust", player: "Eve", text: "hi there" },
    });
    const long = await game.next();
    expect(long).toEqual({ type: "say", text: `${"é".repeat(510)}…`, audience: "admin" });
    expect(await game.next()).toEqual({ type: "tell", player: ann, text: "psst" });
  });

  test("answers bad messages, which change nothing, and goes on [GAME-1.2, GAME-1.3]", async () => {
    const place = await bed();
    const game = await dial(place);
    game.tell({ type: "chat", player: ann, text: "hi" });
    expect(await game.next()).toEqual({ type: "error", message: 'type: "chat" came before "up"' });
    game.client.send("{");
    expect(await game.next()).toMatchObject({ type: "error" });
    game.tell({ type: "up", players: [{}] });
    expect((await game.next())?.["message"]).toStartWith("players.0.name: ");
    game.tell({ type: "down" });
    game.tell({ type: "up" });
    await place.log.up();
    expect(place.log.told).toEqual([
      { type: "session up", start: { map: undefined, players: [] } },
    ]);
  });

  test.each([
    ["ends the communication", (game: GamePlugin) => void game.client.close(), "has ended"],
    ["says that it is down", (game: GamePlugin) => game.tell({ type: "down" }), "it is down"],
  ])("is lost when the game %s", async (_how, end, text) => {
    const place = await bed();
    const game = await up(place);
    end(game);
    expect(await place.log.over()).toMatchObject({ kind: "lost" });
    expect(place.log.end?.text).toStartWith('the game at raw "game": ');
    expect(place.log.end?.text).toContain(text);
    expect(await place.session.say({ text: "late" })).toBe("down");
    await place.session.close();
    expect(place.log.told).toHaveLength(2);
  });

  test("goes on waiting when a game that was not up goes", async () => {
    const place = await bed();
    await (await dial(place)).client.close();
    await up(place);
    expect(place.log.start?.map).toBe("dm1");
  });

  test("finds the game there that came, or came back, before it", async () => {
    const place = await bed();
    const game = await up(place);
    game.tell({ type: "down" });
    await place.log.over();
    game.tell({ type: "up", map: "dm2", players: [ann] });
    game.tell({ type: "join", player: bob });
    game.tell({ type: "nonsense" });
    await game.next();
    const { log, session } = SessionLog.open(place.adapter);
    expect(log.told).toEqual([]);
    await log.up();
    expect(log.start).toEqual({ map: "dm2", players: [ann, bob] });
    game.tell({ type: "leave", player: bob });
    await log.heard({ type: "leave", player: bob });
    // The old one has nothing to say about it.
    await place.session.close();
    expect(await session.say({ text: "hi" })).toBe("sent");
  });

  test("is lost when the game comes anew, whose old communication ends [GAME-1.4]", async () => {
    const place = await bed();
    const old = await up(place);
    const game = await dial(place);
    expect(await place.log.over()).toMatchObject({ kind: "lost" });
    expect(await old.next()).toEqual({
      type: "error",
      message: "another communication of the game has taken the place of this one",
    });
    expect(await old.next()).toBeUndefined();
    game.tell({ type: "up", map: "dm2" });
    const { log, session } = SessionLog.open(place.adapter);
    await log.up();
    expect(log.start?.map).toBe("dm2");
    await session.say({ text: "hi" });
    expect(await game.next()).toMatchObject({ type: "say", text: "hi" });
    expect(log.end).toBeUndefined();
  });

  test("ends the communication when it is closed, and tells nothing any more", async () => {
    const place = await bed();
    const game = await up(place);
    const closing = place.session.close();
    game.tell({ type: "map", map: "too late" });
    await closing;
    expect(await game.next()).toBeUndefined();
    expect(place.log.told).toHaveLength(1);
    const waiting = SessionLog.open(place.adapter);
    await waiting.session.close();
    await waiting.session.close();
    await up({ ...place, ...SessionLog.open(place.adapter) });
    expect(waiting.log.told).toEqual([]);
  });

  test("drops lines for a game that does not read, and only then [GAME-4.3]", async () => {
    const place = await bed();
    const game = await up(place);
    // What is received beyond some bytes is not read until somebody asks for it.
    const line = { text: "x".repeat(1024) };
    const outcomes: string[] = [];
    for (let count = 0; count < 100_000 && outcomes.at(-1) !== "queue_full"; count++) {
      outcomes.push(await place.session.say(line));
      if (count % 100 === 0) await nextTurn();
    }
    expect(outcomes.at(-1)).toBe("queue_full");
    const sent = outcomes.length - 1;
    for (let count = 0; count < sent; count++) expect(await game.next()).toMatchObject(line);
    await until(() => place.endpoint.status().heldBytes === 0);
    expect(await place.session.say({ text: "again" })).toBe("sent");
    expect(await game.next()).toMatchObject({ text: "again" });
    expect(place.log.end).toBeUndefined();
  });

  test("takes many messages in a row, all of them", async () => {
    const place = await bed();
    const game = await up(place);
    for (let count = 0; count < 1000; count++) {
      game.tell({ type: "chat", player: ann, text: String(count) });
    }
    await place.log.heard({ type: "chat", text: "999" });
    expect(place.log.told).toHaveLength(1001);
  });
});
