import { describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  ChildConsole,
  type ChildConsoleOptions,
} from "../../../../../mesh/plugins/games/console/child-process.ts";
import type { OpenConsole } from "../../../../../mesh/plugins/games/text-parts.ts";
import { isRunning, programOf } from "../../../../helpers/games/text-program.ts";
import { ToldLines } from "../../../../helpers/games/told-lines.ts";
import { TempFolder } from "../../../../helpers/temp-folder.ts";
import { until } from "../../../../helpers/turns.ts";

// A busy machine starts programs slowly.
setDefaultTimeout(20_000);
const WAIT_MS = 10_000;

/** A game that is a few lines of TypeScript. */
class Game implements AsyncDisposable {
  readonly told = new ToldLines();
  readonly console: OpenConsole;
  readonly #folder: TempFolder;

  static async start(
    source: string,
    options: Omit<ChildConsoleOptions, "words"> = {},
  ): Promise<Game> {
    const folder = await TempFolder.create();
    return new Game(folder, { words: await programOf(folder, source), ...options });
  }

  private constructor(folder: TempFolder, options: ChildConsoleOptions) {
    this.#folder = folder;
    this.console = new ChildConsole(options).open(this.told);
  }

  async printed(line: string): Promise<void> {
    await until(() => this.told.lines.includes(line), WAIT_MS);
  }

  async over(): Promise<void> {
    await until(() => this.told.ends.length > 0, WAIT_MS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.console.close();
    await this.#folder[Symbol.asyncDispose]();
  }
}

const ECHO = `
  console.log("pid", process.pid);
  for await (const line of console) {
    console.log("read", JSON.stringify(line));
    if (line === "quit") process.exit(0);
  }
  console.log("end of input");
`;

async function pidOf(game: Game): Promise<number> {
  await until(() => game.told.lines.some((line) => line.startsWith("pid ")), WAIT_MS);
  return Number(game.told.lines.find((line) => line.startsWith("pid "))?.slice(4));
}

describe("a game that is a process", () => {
  test("tells nothing before open has returned, reads what is sent and prints lines", async () => {
    await using game = await Game.start(ECHO);
    await game.told.ready();
    const command = 'say "é" $(id); ls';
    expect(await game.console.send(command)).toBe("sent");
    await game.printed(`read ${JSON.stringify(command)}`);
    expect(game.told.readyCount).toBe(1);
  });

  test("what it prints on either output is read, in whole characters and lines, to the last one", async () => {
    await using game = await Game.start(`
      const bytes = Buffer.from("Zoë 日本\\r\\n");
      for (const byte of bytes) { process.stdout.write(Buffer.of(byte)); await Bun.sleep(2); }
      process.stderr.write("on the other\\n");
      await Bun.sleep(50);
      process.stdout.write("x".repeat(100_000) + "\\nhalf a line");
      process.exitCode = 3;
    `);
    await game.over();
    expect(game.told.lines).toEqual(["Zoë 日本", "on the other", "x".repeat(4096), "half a line"]);
    expect(game.told.ends).toEqual([
      { kind: "lost", text: `${process.execPath} ended with code 3` },
    ]);
    expect(await game.console.send("late")).toBe("down");
  });

  test("a signal that ended it is told", async () => {
    await using game = await Game.start(`process.kill(process.pid, "SIGKILL");`);
    await game.over();
    expect(game.told.ends[0]?.text).toEndWith("ended by SIGKILL");
  });

  test("it is started again by the next session", async () => {
    await using folder = await TempFolder.create();
    const console = new ChildConsole({ words: await programOf(folder, ECHO) });
    for (let life = 0; life < 2; life++) {
      const told = new ToldLines();
      const open = console.open(told);
      await told.ready();
      await open.send("quit");
      await until(() => told.ends.length === 1, WAIT_MS);
      expect(told.lines).toContain('read "quit"');
      await open.close();
    }
  });

  test("a program that is not there, and a folder that is not, are told", async () => {
    await using folder = await TempFolder.create();
    for (const options of [
      { words: ["/nowhere/game"] as const },
      { words: ["/bin/true"] as const, folder: folder.at("nowhere") },
    ]) {
      const told = new ToldLines();
      new ChildConsole(options).open(told);
      expect(told.ends).toEqual([]);
      expect((await told.end()).kind).toBe("failed");
      expect(told.ends[0]?.text).toContain("cannot be started");
      expect(told.readyCount).toBe(0);
    }
  });

  test("it runs in its folder", async () => {
    await using place = await TempFolder.create();
    await using game = await Game.start("console.log(process.cwd());", { folder: place.path });
    await game.printed(place.path);
  });

  test("its stop command is written, and it is awaited", async () => {
    await using game = await Game.start(ECHO, { stopCommand: "quit" });
    const pid = await pidOf(game);
    await game.console.close();
    expect(isRunning(pid)).toBe(false);
    expect(game.told.ends).toEqual([]);
  });

  test("one that does not take it is told by SIGTERM, and then killed", async () => {
    await using place = await TempFolder.create();
    await using game = await Game.start(
      `process.on("SIGTERM", () => require("fs").writeFileSync("told", "yes")); ${ECHO}; setInterval(() => {}, 1000);`,
      { folder: place.path, stopCommand: "please", stopTimeoutMs: 500 },
    );
    const pid = await pidOf(game);
    await game.console.close();
    expect(isRunning(pid)).toBe(false);
    expect(await Bun.file(place.at("told")).text()).toBe("yes");
  });

  test("what it started ends with it, and holds nobody up", async () => {
    await using game = await Game.start(`
      const child = Bun.spawn(["sleep", "1000"], { stdio: ["inherit", "inherit", "inherit"] });
      console.log("pid", child.pid);
      process.on("SIGTERM", () => process.exit(0));
      for await (const line of console) if (line === "die") process.exit(1);
    `);
    const pid = await pidOf(game);
    await game.console.send("die");
    await game.over();
    await until(() => !isRunning(pid), WAIT_MS);
  });

  test("one that prints without end is read on, and the rest is skipped and counted", async () => {
    await using game = await Game.start(`
      const line = "spam ".repeat(10) + "\\n";
      const many = line.repeat(2000);
      console.log("begin");
      for (let i = 0; i < 100; i++) {
        await new Promise((taken) => process.stdout.write(many, taken));
      }
      await Bun.sleep(300);
      process.stdout.write("pid " + process.pid + "\\n");
      await new Promise(() => setTimeout(() => {}, 100_000));
    `);
    await game.printed("begin");
    await pidOf(game);
    expect(game.told.lines.length).toBeLessThan(100_000);
    expect(game.told.unread.length).toBeGreaterThan(0);
    expect(game.told.unread[0]).toMatch(/: \d+ lines and \d+ bytes of its output were skipped/);
  });

  test("one that does not read fills its queue, and no more", async () => {
    await using game = await Game.start(`console.log("up"); setInterval(() => {}, 1000);`);
    await game.printed("up");
    const outcomes = new Set<string>();
    for (let count = 0; count < 400; count++) {
      outcomes.add(await game.console.send("x".repeat(1000)));
    }
    expect([...outcomes]).toEqual(["sent", "queue_full"]);
    await game.console.close();
  });

  test("one that closed its input is spoken to without harm", async () => {
    await using game = await Game.start(`
      require("fs").closeSync(0); console.log("up"); setInterval(() => {}, 1000);`);
    await game.printed("up");
    for (let count = 0; count < 3; count++) {
      await game.console.send("hello");
      await Bun.sleep(0);
    }
    await game.console.close();
    expect(game.told.ends).toEqual([]);
  });

  test("closed at once, it is never started, or ended", async () => {
    await using folder = await TempFolder.create();
    const told = new ToldLines();
    const open = new ChildConsole({ words: await programOf(folder, ECHO) }).open(told);
    await open.close();
    await open.close();
    expect([told.readyCount, told.ends.length]).toEqual([0, 0]);
    expect(await open.send("x")).toBe("down");
  });
});
