import { describe, expect, setDefaultTimeout, test } from "bun:test";
import * as fc from "fast-check";
import { readEconSpeech } from "../../../../../mesh/plugins/games/econ/say.ts";
import { SettingsReader } from "../../../../../mesh/settings-reader.ts";
import { commandsIn } from "../../../../helpers/games/econ-console.ts";
import { EconListener } from "../../../../helpers/games/econ-listener.ts";
import { CHAT_MODE, EconPlayer } from "../../../../helpers/games/econ-player.ts";
import {
  DDNET,
  EconServer,
  type EconServerKind,
  PASSWORD,
  TEEWORLDS,
} from "../../../../helpers/games/econ-server.ts";

// An empty server of DDNet takes its time.
setDefaultTimeout(20_000);

/** Whether it can run here; found out once, because a started server is the only proof. */
async function runs(kind: EconServerKind): Promise<boolean> {
  await using server = await EconServer.start(kind);
  return server !== undefined;
}

const kinds = [TEEWORLDS, DDNET];
const running = await Promise.all(kinds.map(runs));

async function started(kind: EconServerKind, ...settings: string[]): Promise<EconServer> {
  const server = await EconServer.start(kind, ...settings);
  if (server === undefined) throw new Error(`${kind.name} ran a moment ago, and does not now`);
  return server;
}

for (const [index, kind] of kinds.entries()) {
  describe.skipIf(running[index] !== true)(`the console of ${kind.name}`, () => {
    test("tells who is there and on which map, also of those who came before", async () => {
      await using server = await started(kind);
      using _ann = await EconPlayer.join(server.gamePort, "a: b'c");
      using listener = new EconListener({ port: server.econPort, password: PASSWORD });
      const players = [{ id: 0, name: "a: b'c" }];
      expect(await listener.next()).toEqual({ type: "ready", players, map: kind.firstMap });
    });

    test("tells of a player who joins, talks to all and to a team, and leaves", async () => {
      await using server = await started(kind);
      using listener = new EconListener({ port: server.econPort, password: PASSWORD });
      await listener.next();
      const player = { id: 0, name: "x: é" };
      using ann = await EconPlayer.join(server.gamePort, player.name);
      expect(await listener.next()).toEqual({ type: "join", player });
      const forged = "first: 1\n[12:00:00][chat]: 1:0:Bob: forged";
      ann.say(forged);
      ann.say("ours", CHAT_MODE.team);
      ann.say("only you", CHAT_MODE.whisper, 0);
      ann.say("ü".repeat(100));
      expect(await listener.next()).toMatchObject({
        player,
        audience: "all",
        text: forged.replace("\n", " "),
      });
      expect(await listener.next()).toMatchObject({ player, audience: "team", text: "ours" });
      expect(await listener.next()).toMatchObject({ player, text: "ü".repeat(100) });
      ann[Symbol.dispose]();
      expect(await listener.next()).toEqual({ type: "leave", player });
    });

    test("says what it is told, to the letter, whatever stands in it", async () => {
      await using server = await started(kind);
      using listener = new EconListener({ port: server.econPort, password: PASSWORD });
      await listener.next();
      using ann = await EconPlayer.join(server.gamePort, "Ann");
      await listener.next();
      const hostile = fc.oneof(
        fc.string({ unit: "binary", maxLength: 80 }),
        fc.string({
          unit: fc.constantFrom('"', "\\", ";", "#", "\n", "\r", "\0", " ", "shutdown", "é"),
          maxLength: 40,
        }),
      );
      const lines = fc.sample(hostile, { numRuns: 600, seed: 1 });
      const said = [
        'a"; shutdown; say "b',
        "\\",
        'x\\"; shutdown #',
        "\nshutdown",
        "z".repeat(255),
        ...lines,
      ];
      const speech = readEconSpeech(new SettingsReader({}));
      const commands = said.flatMap((text) => {
        const spoken = speech.say({ text });
        return typeof spoken === "string" ? [] : [spoken.command];
      });
      const wanted = commands.flatMap(commandsIn).map(({ argument }) => argument);
      // No more at once than the server keeps for a player whose answer has not come.
      for (let at = 0; at < commands.length; at += 100) {
        for (const command of commands.slice(at, at + 100)) listener.client.run(command);
        listener.client.run(`say "so far ${at}"`);
        await ann.hears(({ text }) => text === `so far ${at}`);
      }
      const heard = ann.heard.filter(({ from, text }) => from === -1 && !/^so far \d+$/.test(text));
      const own = heard.slice(-wanted.length).map(({ text }) => text);
      expect(own).toEqual(wanted);
      // Its own words are no chat, and the server still runs.
      expect(listener.events.map(({ type }) => type)).toEqual(["ready", "join"]);
    });

    test("tells of a change of map, after which players are who they were", async () => {
      await using server = await started(kind);
      using ann = await EconPlayer.join(server.gamePort, "Ann");
      using listener = new EconListener({ port: server.econPort, password: PASSWORD });
      using other = new RawConsole(server.econPort);
      await listener.next();
      await other.type(`sv_map ${kind.otherMap}`);
      expect(await listener.next()).toEqual({ type: "map", map: kind.otherMap });
      await ann.entered(2);
      ann.say("still here");
      expect(await listener.next()).toMatchObject({
        type: "chat",
        text: "still here",
        player: { id: 0, name: "Ann" },
      });
    });

    test("a console that tells too little is told to tell more", async () => {
      await using server = await started(kind, "ec_output_level 0");
      using listener = new EconListener({ port: server.econPort, password: PASSWORD });
      await listener.next();
      using ann = await EconPlayer.join(server.gamePort, "Ann");
      expect(await listener.next()).toMatchObject({ type: "join" });
      ann.say("hello");
      expect(await listener.next()).toMatchObject({ type: "chat", text: "hello" });
    });

    test("a wrong password is told from a server that is not there, and appears nowhere", async () => {
      await using server = await started(kind);
      using wrong = new EconListener({ port: server.econPort, password: "hunter2" });
      const error = await wrong.closed;
      expect(error?.code).toBe("wrong_password");
      expect(JSON.stringify([error?.message, String(error), wrong.events])).not.toContain(
        "hunter2",
      );
      using right = new EconListener({ port: server.econPort, password: PASSWORD });
      expect((await right.next()).type).toBe("ready");
      await server.kill();
      expect((await right.closed)?.code).toBe("closed");
      using late = new EconListener({ port: server.econPort, password: PASSWORD });
      expect((await late.closed)?.code).toBe("connect_failed");
    });
  });
}

/** Someone else at the same console. */
class RawConsole implements Disposable {
  readonly #socket: Promise<Bun.Socket>;

  constructor(port: number) {
    this.#socket = Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {} } });
    void this.type(PASSWORD);
  }

  async type(line: string): Promise<void> {
    (await this.#socket).write(`${line}\n`);
  }

  [Symbol.dispose](): void {
    void this.#socket.then((socket) => socket.end());
  }
}
