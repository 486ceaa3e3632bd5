import { describe, expect, test } from "bun:test";
import { createServer, type Server, type Socket } from "node:net";
import {
  LineConsole,
  type LineConsoleOptions,
} from "../../../../../mesh/plugins/games/console/line-connection.ts";
import type { OpenConsole } from "../../../../../mesh/plugins/games/text-parts.ts";
import { type Pattern, writtenPattern } from "../../../../../mesh/plugins/games/text-reading.ts";
import { ByteStream } from "../../../../helpers/byte-stream.ts";
import { ToldLines } from "../../../../helpers/games/told-lines.ts";
import { until } from "../../../../helpers/turns.ts";
import { ManualClock } from "../../../manual-clock.ts";

function pattern(written: string): Pattern {
  const made = writtenPattern("ignore", written);
  if ("problem" in made) throw new Error(made.problem);
  return made;
}

/** A game that the test speaks for. */
class Game implements AsyncDisposable {
  readonly told = new ToldLines();
  readonly console: OpenConsole;
  readonly #server: Server;
  readonly #socket: Promise<Socket>;
  received = "";

  static async start(options: Partial<LineConsoleOptions> = {}): Promise<Game> {
    const server = createServer();
    const port = await ByteStream.listen(server);
    return new Game(server, { host: "127.0.0.1", port, login: [], ...options });
  }

  private constructor(server: Server, options: LineConsoleOptions) {
    this.#server = server;
    this.#socket = new Promise((resolve) => {
      server.once("connection", (socket) => {
        socket.setEncoding("latin1").on("error", () => undefined);
        socket.on("data", (text: string) => {
          this.received += text;
        });
        resolve(socket);
      });
    });
    this.console = new LineConsole(options).open(this.told);
  }

  async print(bytes: string | Uint8Array): Promise<void> {
    const socket = await this.#socket;
    socket.write(bytes);
  }

  async end(): Promise<void> {
    const socket = await this.#socket;
    socket.end();
  }

  async got(text: string): Promise<void> {
    await until(() => this.received === text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.console.close();
    this.#server.close();
  }
}

describe("a console of lines", () => {
  test("is up once it is connected; lines come and commands go", async () => {
    await using game = await Game.start();
    expect(game.told.readyCount).toBe(0);
    await game.told.ready();
    await game.print("one\r\ntw");
    await game.print(Buffer.from([255, 253, 1, ...Buffer.from("o é\n")]));
    expect(await game.told.linesOf(2)).toEqual(["one", "two é"]);
    expect(await game.console.send("say hi")).toBe("sent");
    await game.got("\u00ff\u00fc\u0001say hi\n");
    await game.end();
    expect((await game.told.end()).kind).toBe("lost");
    expect(await game.console.send("late")).toBe("down");
  });

  test("logs in, and shows the password nowhere", async () => {
    await using game = await Game.start({
      login: ["connect wizard {password}", "join"],
      password: "pa$$word$&",
      ready: pattern("^Welcome"),
    });
    await game.got("connect wizard pa$$word$&\njoin\n");
    await game.print("connect wizard pa$$word$&\nAlice: before it is up\n");
    expect(await game.console.send("early")).toBe("down");
    await game.print("Welcome\nyou typed pa$$word$&\n");
    expect(await game.told.linesOf(1)).toEqual(["you typed ***"]);
  });

  test("a wrong password is told, with and without a line to wait for", async () => {
    for (const ready of [undefined, pattern("^Welcome")]) {
      await using game = await Game.start({
        login: ["{password}"],
        password: "hunter22",
        ready,
        wrongPassword: pattern("^Wrong"),
      });
      await game.got("hunter22\n");
      await game.print("Wrong: hunter22\n");
      const end = await game.told.end();
      expect(end.kind).toBe("wrong_password");
      expect(end.text).not.toContain("hunter22");
      expect(game.told.readyCount).toBe(0);
    }
  });

  test("one that closes during the log-in, or is not there, is told", async () => {
    await using game = await Game.start({ ready: pattern("never") });
    await game.end();
    expect((await game.told.end()).kind).toBe("failed");
    const server = createServer();
    const port = await ByteStream.listen(server);
    await new Promise<void>((resolve) => server.close(() => resolve()));
    const told = new ToldLines();
    const console = new LineConsole({ host: "127.0.0.1", port, login: [] }).open(told);
    expect((await told.end()).kind).toBe("unreachable");
    await console.close();
  });

  test("keeps it awake", async () => {
    await using game = await Game.start({ ping: { line: "ping", intervalMs: 5 } });
    await until(() => game.received.startsWith("ping\nping\n"));
  });

  test("keeps no timer where it is closed as soon as it is up", async () => {
    const clock = new ManualClock();
    await using game = await Game.start({ clock, ping: { line: "ping", intervalMs: 5 } });
    let closed: Promise<void> | undefined;
    game.told.onReady = () => {
      closed = game.console.close();
    };
    await until(() => closed !== undefined);
    await closed;
    expect(clock.timers).toBe(0);
  });

  test("a flood of lines is cut, skipped and counted; what is not read fills the queue", async () => {
    await using game = await Game.start();
    await game.told.ready();
    await game.print(`${"x".repeat(100_000)}\n${"spam\n".repeat(20_000)}`);
    await until(() => game.told.unread.length > 0);
    expect(game.told.lines.length).toBeLessThan(10_000);
    expect(game.told.lines[0]).toBe("x".repeat(4096));
    expect(game.told.unread[0]).toMatch(/^\d+ lines of .* were skipped/);
  });

  test("closed at once, it tells nothing", async () => {
    await using game = await Game.start();
    await game.console.close();
    expect([game.told.readyCount, game.told.ends.length]).toEqual([0, 0]);
  });
});
