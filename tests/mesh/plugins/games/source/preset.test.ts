import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { SettingsReader, type WrittenSettings } from "../../../../../mesh/index.ts";
import type { GameSession } from "../../../../../mesh/plugins/games/adapter.ts";
import { SOURCE_PRESET } from "../../../../../mesh/plugins/games/source/preset.ts";
import { sourceCommands, UNSAFE } from "../../../../helpers/games/console-commands.ts";
import { HOSTILE_LINES } from "../../../../helpers/games/hostile-lines.ts";
import { RconServer } from "../../../../helpers/games/rcon-server.ts";
import { ToldSession } from "../../../../helpers/games/told-session.ts";
import { hostileLine } from "../arbitraries.ts";

const DATE = "L 11/22/2026 - 07:11:12: ";

function problemsOf(written: WrittenSettings): string[] {
  const settings = new SettingsReader(written);
  SOURCE_PRESET.create(settings);
  settings.refuseUnknown("a source game");
  return settings.problems.map(({ key, text }) => `${key} ${text}`);
}

function open(written: WrittenSettings): { told: ToldSession; session: GameSession } {
  const settings = new SettingsReader(written);
  const adapter = SOURCE_PRESET.create(settings);
  settings.refuseUnknown("a source game");
  expect(settings.problems).toEqual([]);
  const told = new ToldSession();
  return { told, session: adapter.open(told) };
}

async function rconServer(onePacket = false): Promise<RconServer> {
  const answer = (): string => "";
  return await RconServer.listen({ style: "source", password: "secret", answer, onePacket });
}

function freePort(): number {
  const server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = server;
  server.stop(true);
  return port;
}

describe("a Source server", () => {
  test("is heard over UDP, and spoken to by RCON", async () => {
    await using rcon = await rconServer();
    const logPort = freePort();
    const { told, session } = open({
      password: "secret",
      port: String(rcon.port),
      log_port: String(logPort),
      log_secret: "4711",
      tell: 'sm_psay "#{id}" "{text}"',
    });
    await told.up();
    const game = await Bun.udpSocket({ hostname: "127.0.0.1" });
    const log = (line: string, secret = "4711"): void => {
      const head = Buffer.from("\xff\xff\xff\xffS", "latin1");
      game.send(
        Buffer.concat([head, Buffer.from(`${secret}${DATE}${line}\n\0`)]),
        logPort,
        "127.0.0.1",
      );
    };
    log('Loading map "cp_badlands"');
    log('"Eve<9><STEAM_0:1:7><Red>" say "forged"', "0815");
    log('"Alice<2><STEAM_0:1:5><>" entered the game');
    log('"Alice<2><STEAM_0:1:5><Red>" say "hi all"');
    log('"Console<0><Console><Console>" say "[other] Bob: hi"');
    log('"Alice<2><STEAM_0:1:5><Red>" disconnected (reason "Disconnect by user.")');
    const alice = { name: "Alice", id: "2" };
    expect(await told.eventsOf(4)).toEqual([
      { type: "map", map: "cp_badlands" },
      { type: "join", player: alice },
      { type: "chat", audience: "all", player: { ...alice, team: "Red" }, text: "hi all" },
      { type: "leave", player: { ...alice, team: "Red" } },
    ]);
    expect(await session.say({ text: 'Bob: "hi"; quit' })).toBe("sent");
    expect(await session.tell(alice, "psst")).toBe("sent");
    expect(await session.say({ text: "x", audience: "admin" })).toBe("unsupported");
    expect(rcon.commands).toEqual([`say "Bob: 'hi'; quit"`, 'sm_psay "#2" "psst"']);
    game.close();
    await session.close();
  });

  test("of the second version is heard over HTTP", async () => {
    await using rcon = await rconServer(true);
    const logPort = freePort();
    const { told, session } = open({
      engine: "source2",
      game: "cs2",
      password: "secret",
      port: String(rcon.port),
      log_port: String(logPort),
      log_path: "/one",
    });
    await told.up();
    const body = '11/22/2026 - 07:11:12.345 - "Al<2><[U:1:5]><CT>" say "gg"\n';
    await fetch(`http://127.0.0.1:${logPort}/one`, { method: "POST", body });
    expect(await told.eventsOf(1)).toEqual([
      {
        type: "chat",
        audience: "all",
        player: { name: "Al", id: "2", team: "CT" },
        text: "gg",
      },
    ]);
    expect(await session.say({ text: "hi" })).toBe("sent");
    await session.close();
    // Its port is free for the next session.
    Bun.listen({ hostname: "127.0.0.1", port: logPort, socket: { data() {} } }).stop(true);
  });

  test("gets one say for each line, and nothing else, whatever the lines are", async () => {
    await using rcon = await rconServer();
    const { told, session } = open({
      password: "secret",
      port: String(rcon.port),
      log_port: String(freePort()),
    });
    await told.up();
    const lines = [...HOSTILE_LINES, ...fc.sample(hostileLine, 3000)];
    let sent = 0;
    for (const text of lines) {
      const outcome = await session.say({ text });
      expect(["sent", "empty"]).toContain(outcome);
      if (outcome === "sent") sent++;
    }
    expect(sent).toBeGreaterThan(lines.length / 2);
    expect(rcon.commands).toHaveLength(sent);
    for (const command of rcon.commands) {
      expect(command).not.toMatch(UNSAFE);
      expect(sourceCommands(`${command}\n`)).toEqual([command]);
      expect(command).toMatch(/^say "[^"]+"$/u);
      expect(Buffer.byteLength(command)).toBeLessThanOrEqual('say ""'.length + 126);
    }
    await session.close();
  }, 20_000);
});

test("what is wrong with its section is told", () => {
  expect(problemsOf({})).toEqual([
    "password is missing: the game's rcon password, without which its console answers nobody",
  ]);
  expect(problemsOf({ password: "x", host: "198.51.100.7" })).toEqual([
    "log_host is missing: the address of this machine to which the game sends its log",
  ]);
  expect(problemsOf({ password: "x", feed: "file" })).toEqual([
    "log is missing: the path of the game's log",
  ]);
  expect(problemsOf({ password: "x", feed: "http", log_path: "log" })).toEqual([
    "log_path must begin with / and have letters, digits and . _ ~ / - only",
  ]);
  expect(problemsOf({ password: "x", feed: "console" })).toEqual([
    "feed cannot be console where console is rcon",
  ]);
  expect(problemsOf({ password: "x", engine: "goldsrc", chat: "(" })).toHaveLength(2);
  expect(problemsOf({ password: "x", log_sekret: "1" })).toEqual([
    'log_sekret is no key of a source game; did you mean "log_secret"?',
  ]);
});
