import { describe, expect, test } from "bun:test";
import { constants, open, readFile } from "node:fs/promises";
import { FifoConsole } from "../../../../../mesh/plugins/games/console/fifo-console.ts";
import { ToldLines } from "../../../../helpers/games/told-lines.ts";
import { TempFolder } from "../../../../helpers/temp-folder.ts";
import { until } from "../../../../helpers/turns.ts";

async function withFifo(): Promise<TempFolder> {
  const folder = await TempFolder.create();
  await Bun.$`mkfifo ${folder.at("input")}`.quiet();
  return folder;
}

const READ = constants.O_RDONLY | constants.O_NONBLOCK;

describe("a game that reads a pipe", () => {
  test("is spoken to by it", async () => {
    await using folder = await withFifo();
    const game = await open(folder.at("input"), READ);
    const told = new ToldLines();
    const console = new FifoConsole({ path: folder.at("input") }).open(told);
    expect(told.readyCount).toBe(0);
    await told.ready();
    expect(await console.send("say é")).toBe("sent");
    expect(await console.send("say 2")).toBe("sent");
    let heard = "";
    await until(() => {
      void game.read().then(
        ({ buffer, bytesRead }) => {
          heard += buffer.toString("utf8", 0, bytesRead);
        },
        () => undefined,
      );
      return heard === "say é\nsay 2\n";
    });
    await console.close();
    await game.close();
    expect(told.ends).toEqual([]);
    expect(await console.send("late")).toBe("down");
  });

  test("that nobody reads, or that is not there, cannot be reached", async () => {
    await using folder = await withFifo();
    for (const name of ["input", "nowhere"]) {
      const told = new ToldLines();
      const console = new FifoConsole({ path: folder.at(name) }).open(told);
      expect((await told.end()).kind).toBe("unreachable");
      await console.close();
    }
  });

  test("that stands still fills its queue, and holds nobody up", async () => {
    await using folder = await withFifo();
    const game = await open(folder.at("input"), READ);
    const told = new ToldLines();
    const console = new FifoConsole({ path: folder.at("input") }).open(told);
    await told.ready();
    const outcomes = new Set<string>();
    for (let count = 0; count < 400; count++) {
      outcomes.add(await console.send("x".repeat(1000)));
      await Bun.sleep(0);
    }
    expect([...outcomes]).toEqual(["sent", "queue_full"]);
    await console.close();
    await game.close();
  });

  test("whose game has gone is lost", async () => {
    await using folder = await withFifo();
    const game = await open(folder.at("input"), READ);
    const told = new ToldLines();
    const console = new FifoConsole({ path: folder.at("input") }).open(told);
    await told.ready();
    await game.close();
    await console.send("hello");
    expect((await told.end()).kind).toBe("lost");
    await console.close();
  });

  test("a plain file is added to", async () => {
    await using folder = await TempFolder.create({ input: "before\n" });
    const told = new ToldLines();
    const console = new FifoConsole({ path: folder.at("input") }).open(told);
    await told.ready();
    await console.send("after");
    for (;;) {
      if ((await readFile(folder.at("input"), "utf8")) === "before\nafter\n") break;
      await Bun.sleep(1);
    }
    await console.close();
    expect(told.ends).toEqual([]);
  });
});
