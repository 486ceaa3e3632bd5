import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { appendFile } from "node:fs/promises";
import type { WrittenSettings } from "../../../../../mesh/index.ts";
import { PRESETS } from "../../../../../mesh/plugins/games/presets.ts";
import { freePort } from "../../../../helpers/games/free-port.ts";
import { OpenSession } from "../../../../helpers/games/open-session.ts";
import { RconServer } from "../../../../helpers/games/rcon-server.ts";
import { adapterOf, problemsOf } from "../../../../helpers/games/session-log.ts";
import { programOf } from "../../../../helpers/games/text-program.ts";
import { TempFolder } from "../../../../helpers/temp-folder.ts";
import { until } from "../../../../helpers/turns.ts";

setDefaultTimeout(20_000);

const LINES = { chat: "^(?:L )?<(?<player>\\w+)> (?<text>.*)$", say: "say {text}" };

/** A game of parts, and the ways into it and out of it that a part has. */
class Bench implements AsyncDisposable {
  readonly folder: TempFolder;
  readonly log: string;
  readonly written: string;
  readonly #ends: (() => unknown)[] = [];

  static async create(): Promise<Bench> {
    return new Bench(await TempFolder.create({ log: "", written: "" }));
  }

  private constructor(folder: TempFolder) {
    this.folder = folder;
    this.log = folder.at("log");
    this.written = folder.at("written");
  }

  /** A console by TCP; answers its port, and what it was sent. */
  listener(): { readonly port: string; readonly sent: string[] } {
    const sent: string[] = [];
    const server = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        data: (_socket, bytes) => {
          sent.push(...bytes.toString().trim().split("\n"));
        },
      },
    });
    this.#ends.push(() => server.stop(true));
    return { port: String(server.port), sent };
  }

  /** A program that writes its input to a file, and prints a line of chat at its start. */
  async command(): Promise<string> {
    const words = await programOf(
      this.folder,
      `import { appendFileSync } from "node:fs";
       console.log("<Alice> hi");
       for await (const line of console) {
         appendFileSync(${JSON.stringify(this.written)}, line + "\\n");
         if (line === "say quit") process.exit(0);
       }`,
    );
    return words.map((word) => `"${word}"`).join(" ");
  }

  async rcon(style: "source" | "minecraft" = "source"): Promise<RconServer> {
    const server = await RconServer.listen({ style, password: "secret", answer: () => "" });
    this.#ends.push(() => server[Symbol.asyncDispose]());
    return server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of this.#ends) await end();
    await this.folder[Symbol.asyncDispose]();
  }

  /** What was written, once there is something. */
  async input(): Promise<string> {
    let text = "";
    await until(() => {
      Bun.file(this.written)
        .text()
        .then(
          (read) => {
            text = read;
          },
          () => undefined,
        );
      return text.endsWith("\n");
    });
    return text;
  }
}

function open(adapter: string, written: WrittenSettings): OpenSession {
  const preset = PRESETS[adapter];
  if (preset === undefined) throw new Error(`there is no ${adapter}`);
  return new OpenSession(adapterOf(preset, written));
}

function problems(adapter: string, written: WrittenSettings): string[] {
  const preset = PRESETS[adapter];
  if (preset === undefined) throw new Error(`there is no ${adapter}`);
  return problemsOf(preset, written);
}

const HI = { type: "chat", player: { name: "Alice" }, text: "hi" } as const;

describe("a game is put together of", () => {
  test("a log and a console by TCP", async () => {
    await using bench = await Bench.create();
    const { port, sent } = bench.listener();
    await using game = open("line", { ...LINES, port, log: bench.log });
    await game.log.up();
    await appendFile(bench.log, "<Alice> hi\n");
    await game.log.heard(HI);
    expect(await game.session.say({ text: "ho" })).toBe("sent");
    await until(() => sent.length > 0);
    expect(sent).toEqual(["say ho"]);
  });

  test("packets and a process, whose end is the end of the game", async () => {
    await using bench = await Bench.create();
    const logPort = freePort();
    await using game = open("process", {
      ...LINES,
      feed: "udp",
      log_port: String(logPort),
      command: await bench.command(),
    });
    await game.log.up();
    const sender = await Bun.udpSocket({ hostname: "127.0.0.1" });
    const packet = Buffer.from("\xff\xff\xff\xffRL <Alice> hi\n\0", "latin1");
    sender.send(packet, logPort, "127.0.0.1");
    await game.log.heard(HI);
    sender.close();
    expect(await game.session.say({ text: "ho" })).toBe("sent");
    expect(await bench.input()).toBe("say ho\n");
    await game.session.say({ text: "quit" });
    expect((await game.log.over()).text).toEndWith("ended with code 0");
    // What the process printed was not read.
    expect(game.log.told.filter(({ type }) => type === "chat")).toHaveLength(1);
  });

  test("posted lines and a pipe", async () => {
    await using bench = await Bench.create();
    const logPort = freePort();
    await using game = open("process", {
      ...LINES,
      feed: "http",
      log_port: String(logPort),
      input: bench.written,
    });
    await game.log.up();
    await fetch(`http://127.0.0.1:${logPort}/log`, { method: "POST", body: "<Alice> hi\n" });
    await game.log.heard(HI);
    expect(await game.session.say({ text: "ho" })).toBe("sent");
    expect(await bench.input()).toBe("say ho\n");
  });

  test("a log and RCON, with commands of the operator's own", async () => {
    for (const style of ["source", "minecraft"] as const) {
      await using bench = await Bench.create();
      const rcon = await bench.rcon(style);
      await using game = open("line", {
        ...LINES,
        console: "rcon",
        dialect: style,
        port: String(rcon.port),
        password: "secret",
        log: bench.log,
      });
      await game.log.up();
      await appendFile(bench.log, "<Alice> hi\n");
      await game.log.heard(HI);
      expect(await game.session.say({ text: "ho" })).toBe("sent");
      expect(rcon.commands).toEqual(["say ho"]);
    }
  });

  test("what a process prints and reads, as a known game understands it", async () => {
    await using bench = await Bench.create();
    await using game = open("minecraft", {
      console: "process",
      feed: "console",
      command: await bench.command(),
      chat: LINES.chat,
    });
    await game.log.up();
    await game.log.heard(HI);
    expect(await game.session.say({ text: 'a "quote"' })).toBe("sent");
    expect(await bench.input()).toBe('tellraw @a {"text":"a \\"quote\\""}\n');
  });
});

describe("keys of parts", () => {
  test("that are not used are told with the part that they are for", () => {
    const here = "here feed = http and console = rcon are used";
    expect(
      problems("source", { feed: "http", password: "x", log_secret: "1", log: "l", login: ["a"] }),
    ).toEqual([
      `log is for feed = file; ${here}`,
      `log_secret is for feed = udp; ${here}`,
      `login is for console = line; ${here}`,
    ]);
    expect(problems("process", { ...LINES, log: "l", input: "i", password: "x" })).toEqual([
      "password is for console = rcon or console = line; here feed = file and console = fifo are used",
    ]);
  });

  test("that are missing are told with what they are", () => {
    expect(problems("minecraft", { console: "fifo", log: "l" })).toEqual([
      "input is missing: the pipe from which the game reads",
    ]);
    expect(problems("minecraft", { console: "process", log: "l" })).toEqual([
      "command is missing: what starts the game; or give its log and its input",
    ]);
    expect(problems("process", { ...LINES, input: "i" })).toEqual([
      "log is missing: the path of the game's log",
    ]);
    expect(problems("process", { ...LINES, console: "rcon", log: "l" })).toEqual([
      "port is missing: the port of the game's console",
      "password is missing: the game's rcon password, without which its console answers nobody",
    ]);
    expect(problems("line", { ...LINES, console: "fifo", input: "i", feed: "console" })).toEqual([
      "feed cannot be console where console is fifo",
    ]);
  });
});
