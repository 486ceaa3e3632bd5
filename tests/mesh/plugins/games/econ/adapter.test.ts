import { afterEach, describe, expect, test } from "bun:test";
import { createServer, type Server, type Socket } from "node:net";
import type { GameSession } from "../../../../../mesh/plugins/games/adapter.ts";
import { DDNET_PRESET, TEEWORLDS_PRESET } from "../../../../../mesh/plugins/games/econ/adapter.ts";
import type { WrittenSettings } from "../../../../../mesh/settings-reader.ts";
import { ByteStream } from "../../../../helpers/byte-stream.ts";
import { CHAT_MODE, EconPlayer } from "../../../../helpers/games/econ-player.ts";
import { EconServer, PASSWORD, TEEWORLDS } from "../../../../helpers/games/econ-server.ts";
import { adapterOf, problemsOf, SessionLog } from "../../../../helpers/games/session-log.ts";
import { until } from "../../../../helpers/turns.ts";

function open(
  port: number,
  password = PASSWORD,
  written: WrittenSettings = {},
): { log: SessionLog; session: GameSession } {
  const settings = { port: String(port), password, ...written };
  return SessionLog.open(adapterOf(TEEWORLDS_PRESET, settings));
}

describe("the settings", () => {
  test("name the place and the game", () => {
    for (const preset of [TEEWORLDS_PRESET, DDNET_PRESET]) {
      const adapter = adapterOf(preset, { port: "8304", password: "x" });
      expect([adapter.where, adapter.game]).toEqual(["127.0.0.1:8304", preset.name]);
    }
  });

  test("are told all that is wrong with them, and the password is not shown", () => {
    expect(problemsOf(DDNET_PRESET, {})).toEqual([
      "port is missing: give the server's ec_port, which has no default; its sv_port, 8303 as a rule, is for players",
      "password is missing: give the server's ec_password",
    ]);
    const problems = problemsOf(TEEWORLDS_PRESET, {
      port: "x",
      password: "secret\u0007",
      hots: "",
    });
    expect(problems).toEqual([
      'port must be a whole number from 1 to 65535, not "x"',
      "password must be 1 to 127 bytes without control characters: give the value of the server's ec_password",
      'hots is no key of [game]; did you mean "host"?',
    ]);
    expect(
      problemsOf(TEEWORLDS_PRESET, {
        port: "8304",
        password: "x",
        chat: "(?<player>.*)",
        say: "say hi",
        text_bytes_max: "256",
      }),
    ).toEqual([
      'chat cannot use the pattern "(?<player>.*)": it needs a group (?<text>...); a pattern with ; or # in it stands in single quotes',
      "say must have {text} in it; a value with ; or # in it stands in single quotes",
      'text_bytes_max must be a whole number from 16 to 255, not "256"',
    ]);
  });
});

describe("a session with a scripted server", () => {
  const servers: Server[] = [];
  const sockets: Socket[] = [];

  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
    for (const each of servers.splice(0)) each.close();
  });

  /** A console that asks for the password, and answers commands. */
  async function listen(answer: (command: string) => readonly string[]): Promise<number> {
    const listening = createServer({ noDelay: true }, (socket) => {
      sockets.push(socket);
      const tell = (lines: readonly string[]): void => {
        for (const line of lines) socket.write(`${line}\n\0\0`);
      };
      socket.on("error", () => undefined);
      socket.on("data", (chunk: Buffer) => {
        tell(chunk.toString().trimEnd().split("\n").flatMap(answer));
      });
      tell(["Enter password:"]);
    });
    servers.push(listening);
    return await ByteStream.listen(listening);
  }

  const chatted = "[1][chat]: 1:0:Ann: hi";
  const strange = "[1][mod]: something of a mod's own";

  /** What comes after the login, among it what is nobody else's business. */
  function answer(command: string): string[] {
    if (command === PASSWORD) return ["Authentication successful.", strange, `said ${PASSWORD}`];
    if (command === "status") return ["[1][server]: id=0 addr=1 client=1 name='Ann' score=0 "];
    if (!command.startsWith("echo ")) return [];
    const echo = `[1][Console]: ${command.slice(5)}`;
    const typed = `[1][server]: cid=0 cmd='${command}'`;
    if (!command.endsWith("-end")) return [typed, echo];
    return [typed, echo, chatted, strange, "[1][whisper]: 3:0:1:Ann: psst"];
  }

  test("shows lines as they came and whether they mean something, none of them private", async () => {
    const { log, session } = open(await listen(answer));
    await log.heard({ type: "chat", text: "hi" });
    await until(() => log.notUnderstood.length === 2);
    expect(log.understood).toEqual([chatted]);
    expect(log.notUnderstood).toEqual([strange, strange]);
    await session.close();
  });

  test("leaves out what it knows of a kind that patterns tell of", async () => {
    const written = { chat: String.raw`\[mod\]: (?<text>something) of (?<player>a mod)` };
    const { log, session } = open(await listen(answer), PASSWORD, written);
    await log.heard({ type: "chat" });
    await until(() => log.understood.length === 2);
    const player = { name: "a mod" };
    const event = { type: "chat", audience: "all", player, text: "something" } as const;
    // One came during the login.
    expect(log.told.slice(1)).toEqual([event, event]);
    expect(log.notUnderstood).toEqual([chatted]);
    await session.close();
  });

  test("sends no command that the console would cut", async () => {
    const say = `say "${"{text}".repeat(36)}"`;
    const { log, session } = open(await listen(answer), PASSWORD, { say });
    await log.up();
    expect(await session.say({ text: "x".repeat(30) })).toBe("failed");
    expect(await session.say({ text: "x".repeat(20) })).toBe("sent");
    await session.close();
  });

  test("shows no line of the login, whatever the server repeats there", async () => {
    const port = await listen((command) =>
      command === PASSWORD ? [`you said ${PASSWORD}`, "Wrong password 1/3."] : [],
    );
    const { log, session } = open(port);
    expect(await log.over()).toMatchObject({ kind: "wrong_password" });
    expect(JSON.stringify(log)).not.toContain(PASSWORD);
    await session.close();
  });

  test.each([
    ["sends away", ["You are banned"], "failed"],
    ["sends what is no console's", ["x".repeat(5000)], "failed"],
  ])("one that %s ends the session", async (_what, lines, kind) => {
    const listening = createServer((socket) => {
      sockets.push(socket.on("error", () => undefined));
      socket.write(`${lines.join("\n")}\n\0\0`);
    });
    servers.push(listening);
    const { log, session } = open(await ByteStream.listen(listening));
    expect(await log.over()).toMatchObject({ kind });
    await session.close();
  });

  test("nothing is told after a close, and the sockets are gone then", async () => {
    const port = await listen(answer);
    const { log, session } = open(port);
    await log.up();
    const [socket] = sockets;
    let isGone = false;
    socket?.on("close", () => {
      isGone = true;
    });
    const told = [...log.told];
    const closing = session.close();
    socket?.write(`${chatted}\n\0\0`);
    await closing;
    await until(() => isGone);
    expect(log.told).toEqual(told);
    expect(await session.say({ text: "late" })).toBe("down");
    const early = open(port);
    await early.session.close();
    expect(early.log.told).toEqual([]);
  });
});

test("a server that neither reads nor closes does not keep a session from its end", async () => {
  const listening = createServer({ allowHalfOpen: true, pauseOnConnect: true });
  const connected = new Promise<Socket>((resolve) => listening.on("connection", resolve));
  const { log, session } = open(await ByteStream.listen(listening));
  const socket = await connected;
  await session.close();
  expect(log.told).toEqual([]);
  socket.destroy();
  listening.close();
});

async function started(): Promise<EconServer> {
  const server = await EconServer.start(TEEWORLDS);
  if (server === undefined) throw new Error("Teeworlds ran a moment ago, and does not now");
  return server;
}

const isInstalled = await (async (): Promise<boolean> => {
  await using server = await EconServer.start(TEEWORLDS);
  return server !== undefined;
})();

describe.skipIf(!isInstalled)("a session with a server of Teeworlds", () => {
  test("hears and speaks, until the server is killed", async () => {
    await using game = await started();
    const wrong = open(game.econPort, "hunter2");
    expect(await wrong.log.over()).toMatchObject({ kind: "wrong_password" });
    expect(wrong.log.end?.text).not.toContain("hunter2");

    const { log, session } = open(game.econPort);
    expect(await session.say({ text: "early" })).toBe("down");
    await log.up();
    expect(log.start).toEqual({ map: "dm1", players: [] });
    const ann = await EconPlayer.join(game.gamePort, "Ann");
    using bob = await EconPlayer.join(game.gamePort, "Bob");
    const player = { id: "0", name: "Ann" };
    await log.heard({ type: "join", player });
    await log.heard({ type: "join", player: { id: "1", name: "Bob" } });
    ann.say("only you", CHAT_MODE.whisper, 1);
    ann.say("ours", CHAT_MODE.team);
    ann.say("hello all");
    await log.heard({ type: "chat", audience: "all", player, text: "hello all" });
    await log.heard({ type: "chat", audience: "team", player, text: "ours" });
    expect(log.told).toHaveLength(5);

    const origin = { server: "dust", player: "Eve", text: "hi" };
    expect(await session.say({ text: "[dust] Eve: hi", origin })).toBe("sent");
    expect(await session.say({ text: "\n" })).toBe("empty");
    expect(await session.say({ text: "hi", audience: "admin" })).toBe("unsupported");
    expect(await session.tell(player, "psst")).toBe("unsupported");
    expect(await session.say({ text: "the end" })).toBe("sent");
    await bob.hears(({ text }) => text === "the end");
    const said = bob.heard.filter(({ from }) => from === -1).map(({ text }) => text);
    expect(said.slice(-2)).toEqual(["[dust] Eve: hi", "the end"]);

    ann[Symbol.dispose]();
    await log.heard({ type: "leave", player });
    expect(log.understood.some((line) => line.includes("hello all"))).toBe(true);
    expect(JSON.stringify([log.understood, log.notUnderstood])).not.toMatch(
      /only you|open sesame|cmd=|query-/,
    );
    await game.kill();
    expect(await log.over()).toMatchObject({ kind: "lost" });
    const late = open(game.econPort);
    expect(await late.log.over()).toMatchObject({ kind: "unreachable" });
    await Promise.all([session.close(), wrong.session.close(), late.session.close()]);
  }, 20_000);

  test("reads and speaks as the operator wants it", async () => {
    await using game = await started();
    const { log, session } = open(game.econPort, PASSWORD, {
      ignore: String.raw`^\[[^\]]*\]\[chat\]: \d+:\d+:Bot: `,
      say: 'broadcast "{text}"',
      say_admin: 'say "for admins: {text}"; say "once more: {text}"',
      tell: 'say "for {player}: {text}"',
    });
    await log.up();
    using bot = await EconPlayer.join(game.gamePort, "Bot");
    using ann = await EconPlayer.join(game.gamePort, "Ann");
    await log.heard({ type: "join", player: { id: "0", name: "Bot" } });
    await log.heard({ type: "join", player: { id: "1", name: "Ann" } });
    bot.say("[trains] Alice: hi");
    // The server has both lines in their order once Ann has heard the first.
    await ann.hears(({ text }) => text === "[trains] Alice: hi");
    ann.say("hello");
    await log.heard({ type: "chat", text: "hello" });
    expect(log.told.filter(({ type }) => type === "chat")).toHaveLength(1);
    expect(log.understood.join()).not.toContain("[trains]");

    const hostile = 'a"; shutdown; say "b \\';
    expect(await session.say({ text: hostile })).toBe("sent");
    const runs = "; shutdown \\";
    expect(await session.say({ text: runs, audience: "admin" })).toBe("sent");
    expect(await session.tell({ id: "1", name: "Ann" }, "psst")).toBe("sent");
    await ann.hears(({ text }) => text === "for Ann: psst");
    await ann.hears(({ text }) => text === `for admins: ${runs} `);
    await ann.hears(({ text }) => text === `once more: ${runs} `);
    await until(() => ann.broadcasts.includes(hostile));
    expect(log.end).toBeUndefined();
    await session.close();
  }, 20_000);
});
