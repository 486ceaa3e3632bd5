import { afterEach, describe, expect, test } from "bun:test";
import { createServer, type Server, type Socket } from "node:net";
import type { GameSession } from "../../../../../mesh/plugins/games/adapter.ts";
import { OPENTTD_PRESET } from "../../../../../mesh/plugins/games/openttd/adapter.ts";
import { connectOpenttd } from "../../../../../mesh/plugins/games/openttd/client.ts";
import type { WrittenSettings } from "../../../../../mesh/settings-reader.ts";
import { ByteStream } from "../../../../helpers/byte-stream.ts";
import { adminPackets, FieldReader, server } from "../../../../helpers/games/openttd-packets.ts";
import { OpenttdPlayer } from "../../../../helpers/games/openttd-player.ts";
import {
  ADMIN_PASSWORD,
  HAS_OPENTTD,
  OpenttdServer,
} from "../../../../helpers/games/openttd-server.ts";
import { adapterOf, problemsOf, SessionLog } from "../../../../helpers/games/session-log.ts";
import { until } from "../../../../helpers/turns.ts";

const SPECTATORS = 255;
const alice = { id: "5", name: "Alice" };

function open(
  port: number,
  written: WrittenSettings = {},
): { log: SessionLog; session: GameSession } {
  const settings = { port: String(port), password: ADMIN_PASSWORD, ...written };
  return SessionLog.open(adapterOf(OPENTTD_PRESET, settings));
}

describe("the settings", () => {
  test("have the game's own defaults", () => {
    const adapter = adapterOf(OPENTTD_PRESET, { password: "x" });
    expect([adapter.where, adapter.game]).toEqual(["127.0.0.1:3977", "openttd"]);
    const other = adapterOf(OPENTTD_PRESET, {
      host: "::1",
      port: "4000",
      password: "x",
      speech: "server",
      colour: "gold",
    });
    expect(other.where).toBe("[::1]:4000");
  });

  test("are told all that is wrong with them, and the password is not shown", () => {
    const password = "a secret of more than 32 characters";
    const problems = problemsOf(OPENTTD_PRESET, {
      password,
      port: "0",
      speech: "loud",
      colour: "pink",
    });
    expect(problems).toHaveLength(4);
    expect(problems[1]).toBe(
      "password cannot be right: the admin password must be 1 to 32 bytes long and hold no control characters; choose another in the game's secrets.cfg (or openttd.cfg) and here",
    );
    expect(problems[3]).toStartWith("colour must be one of blue, silver, gold,");
    expect(problems.join().replaceAll("secrets.cfg", "")).not.toContain("secret");
    expect(problemsOf(OPENTTD_PRESET, { password: "x", say: "say hi", chat: "x" })).toEqual([
      "say must have {text} in it; a value with ; or # in it stands in single quotes",
      expect.stringContaining("chat is no key of [game]; its keys are"),
    ]);
    expect(problemsOf(OPENTTD_PRESET, {})).toEqual([
      "password is missing: give the server's admin_password",
    ]);
  });
});

describe("a session with a scripted server", () => {
  const servers: Server[] = [];
  const sockets: Socket[] = [];
  const received: Buffer[] = [];

  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
    for (const each of servers.splice(0)) each.close();
    received.length = 0;
  });

  const LET_IN = [
    server.protocol(),
    server.welcome(),
    server.clientInfo(5, "Alice"),
    server.pong(1),
  ];

  /** Sends the packets to whoever comes. */
  async function listen(packets: readonly Buffer[]): Promise<number> {
    const listening = createServer({ noDelay: true }, (socket) => {
      sockets.push(socket);
      socket.on("error", () => undefined).on("data", (chunk: Buffer) => received.push(chunk));
      socket.write(Buffer.concat(packets));
    });
    servers.push(listening);
    return await ByteStream.listen(listening);
  }

  function lastSent(): { type: number; fields: FieldReader } | undefined {
    const packet = adminPackets(Buffer.concat(received)).at(-1);
    return packet && { type: packet.type, fields: new FieldReader(packet.body) };
  }

  test("goes up with the map and the players, and then tells of everything once, even in one piece", async () => {
    const port = await listen([
      ...LET_IN,
      server.chat(5, "all"),
      server.chat(5, "team", 4),
      server.chat(5, "private", 5),
      server.clientInfo(6, "B\nob"),
      server.clientUpdate(6, "Rob"),
      server.newGame(),
      server.clientError(6, 3),
      server.welcome(),
      server.clientInfo(6, "Rob"),
    ]);
    const { log, session } = open(port);
    const rob = { id: "6", name: "Rob" };
    await log.heard({ type: "map" });
    await until(() => log.told.at(-1)?.type === "join");
    expect(log.told).toEqual([
      { type: "session up", start: { map: "64x128", players: [alice] } },
      { type: "chat", audience: "all", player: alice, text: "all" },
      { type: "chat", audience: "team", player: alice, text: "team" },
      { type: "join", player: { id: "6", name: "B ob" } },
      { type: "rename", player: rob, before: "B ob" },
      { type: "leave", player: alice },
      { type: "leave", player: rob },
      { type: "map", map: "64x128" },
      { type: "join", player: rob },
    ]);
    await session.close();
  });

  test("says lines with their origin or as they are, tells one player, and nobody who is not there", async () => {
    const port = await listen([
      ...LET_IN,
      server.clientInfo(6, "Bob"),
      server.clientInfo(7, "Bob"),
    ]);
    const { log, session } = open(port);
    expect(await session.say({ text: "early" })).toBe("down");
    expect(await session.tell(alice, "early")).toBe("down");
    await log.heard({ type: "join", player: { id: "7", name: "Bob" } });

    const origin = { server: "dust", player: "Ann", text: "hi" };
    expect(await session.say({ text: "[dust] Ann: hi", origin })).toBe("sent");
    await until(() => lastSent()?.type === 8);
    const external = lastSent()?.fields;
    expect([external?.text(99), external?.u16(), external?.text(99), external?.text(99)]).toEqual([
      "dust",
      5,
      "Ann",
      "hi",
    ]);
    expect(await session.say({ text: "as it is" })).toBe("sent");
    await until(() => lastSent()?.type === 4);
    expect(await session.tell({ name: "Alice" }, "psst")).toBe("sent");
    await until(() => lastSent()?.fields.u8() === 5);

    expect(await session.say({ text: "\u200b" })).toBe("empty");
    expect(await session.say({ text: "hi", audience: "admin" })).toBe("unsupported");
    // Two have this name, and the number is nobody's.
    expect(await session.tell({ name: "Bob" }, "psst")).toBe("failed");
    expect(await session.tell({ name: "Alice", id: "9" }, "psst")).toBe("failed");
    await session.close();
    expect(await session.say({ text: "late" })).toBe("down");
    expect(await session.tell(alice, "late")).toBe("down");
  });

  test.each([
    ["refuses the password", [server.error(10)], "wrong_password"],
    ["is full", [server.full()], "failed"],
    ["is something else", [Buffer.of(0xff, 0xff)], "failed"],
    ["kicks", [...LET_IN, server.error(12)], "failed"],
  ] as const)("one that %s ends the session", async (_what, packets, kind) => {
    const { log, session } = open(await listen(packets));
    expect(await log.over()).toMatchObject({ kind });
    expect(log.end?.text).not.toContain(ADMIN_PASSWORD);
    await session.close();
    expect(log.told.filter(({ type }) => type === "session over")).toHaveLength(1);
  });

  test("one that closes after it let in is lost", async () => {
    const { log } = open(await listen(LET_IN));
    await log.up();
    for (const socket of sockets) socket.end();
    expect(await log.over()).toMatchObject({ kind: "lost" });
  });

  test("nothing is told after a close, whenever it comes, and the sockets are gone then", async () => {
    const port = await listen([]);
    for (const packets of [[], LET_IN.slice(0, 2), LET_IN]) {
      const { log, session } = open(port);
      await until(() => sockets.length === 1);
      const socket = sockets.pop();
      let isGone = false;
      socket?.on("close", () => {
        isGone = true;
      });
      socket?.write(Buffer.concat(packets));
      if (packets === LET_IN) await log.up();
      const told = [...log.told];
      const closing = session.close();
      socket?.write(server.chat(5, "too late"));
      await closing;
      await until(() => isGone);
      expect(log.told).toEqual(told);
    }
    const { log, session } = open(port);
    await session.close();
    await session.close();
    expect(log.told).toEqual([]);
  });
});

describe.skipIf(!HAS_OPENTTD)("a session with a server of OpenTTD", () => {
  test("hears and speaks, until the server is killed", async () => {
    await using game = await OpenttdServer.start();
    await using player = await OpenttdPlayer.join(game.gamePort, "Alice");
    const { log, session } = open(game.adminPort);
    await log.up();
    const [one] = log.start?.players ?? [];
    expect(log.start).toEqual({
      map: "64x64",
      players: [{ id: String(player.id), name: "Alice" }],
    });

    const other = await OpenttdPlayer.join(game.gamePort, "Bob");
    const bob = { id: String(other.id), name: "Bob" };
    await log.heard({ type: "join", player: bob });
    other.say("hello all");
    other.say("hello team", "team", SPECTATORS);
    other.say("hello server", "private", 1);
    other.say("the end");
    await log.heard({ type: "chat", text: "the end" });
    expect(log.told.slice(2, 4)).toEqual([
      { type: "chat", audience: "all", player: bob, text: "hello all" },
      { type: "chat", audience: "team", player: bob, text: "hello team" },
    ]);
    expect(log.told).toHaveLength(5);

    const origin = { server: "TF2", player: "Ann", text: "hi" };
    await session.say({ text: "(tf2) Ann: hi", origin });
    await session.say({ text: "no origin" });
    if (one !== undefined) expect(await session.tell(one, "psst")).toBe("sent");
    await session.say({ text: "after it" });
    for (const each of [player, other]) await each.hears(({ text }) => text === "after it");
    // Its own lines, too, are shown to who says them.
    const fromOutside = ({ from }: { from: number | string }): boolean =>
      from === 1 || from === "Ann";
    expect(player.heard.filter(fromOutside)).toEqual([
      { source: "TF2", from: "Ann", text: "hi" },
      { action: 3, from: 1, text: "no origin" },
      { action: 5, from: 1, text: "psst" },
      { action: 3, from: 1, text: "after it" },
    ]);
    expect(other.heard.map(({ text }) => text)).not.toContain("psst");

    other.rename("Rob");
    const rob = { ...bob, name: "Rob" };
    await log.heard({ type: "rename", player: rob, before: "Bob" });
    await other.leave();
    await log.heard({ type: "leave", player: rob });
    game.kill("SIGKILL");
    expect(await log.over()).toMatchObject({ kind: "lost" });
    await game.ended();
    const late = open(game.adminPort);
    expect(await late.log.over()).toMatchObject({ kind: "unreachable" });
    await Promise.all([session.close(), late.session.close()]);
  }, 20_000);

  test("shows lines as the server's own, whole, where it is to", async () => {
    await using game = await OpenttdServer.start();
    await using player = await OpenttdPlayer.join(game.gamePort, "Alice");
    const { log, session } = open(game.adminPort, { speech: "server" });
    await log.up();
    const origin = { server: "TF2", player: "Ann", text: "hi" };
    await session.say({ text: "(tf2) Ann: hi", origin });
    const heard = await player.hears(({ from }) => from === 1);
    expect(heard).toEqual({ action: 3, from: 1, text: "(tf2) Ann: hi" });
    const wrong = open(game.adminPort, { password: "not this" });
    expect(await wrong.log.over()).toMatchObject({ kind: "wrong_password" });
    expect(wrong.log.end?.text).not.toContain("not this");
    await Promise.all([session.close(), wrong.session.close()]);
  }, 20_000);

  test("says lines by commands of its console, where it is to", async () => {
    await using game = await OpenttdServer.start();
    await using player = await OpenttdPlayer.join(game.gamePort, "Alice");
    const { log, session } = open(game.adminPort, {
      say: 'say "* {text}"',
      tell: 'say_client {id} "{text}"',
    });
    await log.up();
    const origin = { server: "TF2", player: "Ann", text: "hi" };
    const hostile = '[TF2] Ann: "; quit "\\" \\';
    expect(await session.say({ text: hostile, origin })).toBe("sent");
    expect(await session.tell({ name: "Alice" }, "psst")).toBe("sent");
    expect(await session.tell({ name: "Bob" }, "psst")).toBe("failed");
    expect(await session.say({ text: "\u200b" })).toBe("empty");
    await player.hears(({ text }) => text === "psst");
    expect(player.heard.filter(({ from }) => from === 1)).toEqual([
      { action: 3, from: 1, text: `* ${hostile} ` },
      { action: 5, from: 1, text: "psst" },
    ]);
    // What the console says comes back as the server's own, which is no chat of a player.
    expect(log.told.filter(({ type }) => type === "chat")).toEqual([]);
    const wrong = open(game.adminPort, { say: 'nosuch "{text}"' });
    await wrong.log.up();
    expect(await wrong.session.say({ text: "hi" })).toBe("failed");
    await Promise.all([session.close(), wrong.session.close()]);
    expect(await session.say({ text: "late" })).toBe("down");
  }, 20_000);

  test("tells that all leave at a new game, of its map, and who comes back", async () => {
    await using game = await OpenttdServer.start();
    await using player = await OpenttdPlayer.join(game.gamePort, "Alice");
    const { log, session } = open(game.adminPort);
    await log.up();
    const before = { id: String(player.id), name: "Alice" };
    const owner = await connectOpenttd({
      host: "127.0.0.1",
      port: game.adminPort,
      password: ADMIN_PASSWORD,
      onEvent: () => undefined,
    });
    await owner.rcon("newgame");
    await log.heard({ type: "map", map: "64x64" });
    await using again = await OpenttdPlayer.join(game.gamePort, "Alice");
    const back = { id: String(again.id), name: "Alice" };
    await log.heard({ type: "join", player: back });
    expect(log.told.slice(1)).toEqual([
      { type: "leave", player: before },
      { type: "map", map: "64x64" },
      { type: "join", player: back },
    ]);
    await session.tell(back, "welcome");
    await again.hears(({ text }) => text === "welcome");
    owner.close();
    await session.close();
  }, 20_000);
});
