import { describe, expect, test } from "bun:test";
import {
  appendFile,
  chmod,
  copyFile,
  mkdir,
  rename,
  rm,
  truncate,
  writeFile,
} from "node:fs/promises";
import type { Part } from "../../../../../mesh/plugins/games/text/parts.ts";
import { FileFeed } from "../../../../../mesh/plugins/games/text/file-feed.ts";
import { ToldLines } from "../../../../helpers/games/told-lines.ts";
import { TempFolder } from "../../../../helpers/temp-folder.ts";
import { until } from "../../../../helpers/turns.ts";
import { ManualClock } from "../../../manual-clock.ts";

/** A feed of a log in a folder of its own; it looks when the test says so. */
/** Opens the feed, hands over what it has told once it is ready, and closes it. */
async function opened(feed: FileFeed): Promise<ToldLines> {
  const told = new ToldLines();
  const part = feed.open(told);
  await told.ready();
  await part.close();
  return told;
}

class FeedBench implements AsyncDisposable {
  readonly told = new ToldLines();
  readonly clock = new ManualClock();
  readonly log: string;
  readonly #folder: TempFolder;
  readonly #part: Part;

  static async open(before?: string): Promise<FeedBench> {
    const folder = await TempFolder.create(before === undefined ? {} : { "game.log": before });
    const bench = new FeedBench(folder);
    await bench.told.ready();
    return bench;
  }

  private constructor(folder: TempFolder) {
    this.#folder = folder;
    this.log = folder.at("game.log");
    this.#part = new FileFeed({ path: this.log, clock: this.clock }).open(this.told);
  }

  at(name: string): string {
    return this.#folder.at(name);
  }

  /** Lets it look, and waits until it has. */
  async look(times = 1): Promise<void> {
    for (let i = 0; i < times; i++) {
      await until(() => this.clock.timers === 1);
      this.clock.advance(100);
      await until(() => this.clock.timers === 1 || this.told.ends.length > 0);
    }
  }

  async close(): Promise<void> {
    await this.#part.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
    await this.#folder[Symbol.asyncDispose]();
  }
}

describe("a log", () => {
  test("is read from its end on, as it grows", async () => {
    await using bench = await FeedBench.open("old\nolder\n");
    await appendFile(bench.log, "one\ntwo\nthr");
    await bench.look();
    expect(bench.told.lines).toEqual(["one", "two"]);
    await appendFile(bench.log, "ee\r\n");
    await bench.look(2);
    expect(bench.told.lines).toEqual(["one", "two", "three"]);
    expect(bench.told.unread).toEqual([]);
  });

  test("gives no half of the line that was being written", async () => {
    await using bench = await FeedBench.open("old\nAlice: he said <Bob>");
    await appendFile(bench.log, " hi\nnext\n");
    await bench.look();
    expect(bench.told.lines).toEqual(["next"]);
  });

  test("has characters that are written in two goes, and bytes that are none", async () => {
    await using bench = await FeedBench.open("");
    const bytes = Buffer.from("Zoë 💥\n");
    await appendFile(bench.log, bytes.subarray(0, 3));
    await bench.look();
    await appendFile(bench.log, bytes.subarray(3, 7));
    await bench.look();
    await appendFile(bench.log, Buffer.concat([bytes.subarray(7), Buffer.from([0xff, 0x0a])]));
    await bench.look();
    expect(bench.told.lines).toEqual(["Zoë 💥", "\ufffd"]);
  });

  test("may come later, and is read from its start then", async () => {
    await using bench = await FeedBench.open();
    expect(bench.told.unread).toEqual([`${bench.log} is not there yet; it is read once it is`]);
    await bench.look();
    await writeFile(bench.log, "one\n");
    await bench.look(2);
    await appendFile(bench.log, "two\n");
    await bench.look();
    expect(bench.told.lines).toEqual(["one", "two"]);
  });

  test("goes on in the file that takes its place, nothing of either lost", async () => {
    await using bench = await FeedBench.open("old\n");
    await appendFile(bench.log, "one\n");
    await bench.look();
    await rename(bench.log, bench.at("game.log.1"));
    await bench.look();
    await appendFile(bench.at("game.log.1"), "two\nthree");
    await writeFile(bench.log, "four\n");
    await bench.look(3);
    await appendFile(bench.log, "five\n");
    await bench.look();
    expect(bench.told.lines).toEqual(["one", "two", "three", "four", "five"]);
  });

  test("is read from its start again once it was emptied", async () => {
    await using bench = await FeedBench.open("old\nolder\n");
    await appendFile(bench.log, "one\nbegun");
    await bench.look();
    await copyFile(bench.log, bench.at("game.log.1"));
    await truncate(bench.log, 0);
    await appendFile(bench.log, "two\n");
    await bench.look();
    expect(bench.told.lines).toEqual(["one", "two"]);
  });

  test("is read from its start where it was emptied and is longer than before at once", async () => {
    await using bench = await FeedBench.open("old\nolder\n");
    await appendFile(bench.log, "one\nAlice: he said ");
    await bench.look();
    await writeFile(bench.log, "two, from a game that was started again\n<Alice> three\n");
    await bench.look();
    expect(bench.told.lines).toEqual([
      "one",
      "two, from a game that was started again",
      "<Alice> three",
    ]);
    // Of the same length as before, too, once there is more.
    const sameLength = "x".repeat(53);
    await writeFile(bench.log, `${sameLength}\n`);
    await bench.look();
    await appendFile(bench.log, "four\n");
    await bench.look();
    expect(bench.told.lines.slice(3)).toEqual([sameLength, "four"]);
  });

  test("goes on when it is deleted and written anew", async () => {
    await using bench = await FeedBench.open("old\n");
    await rm(bench.log);
    await bench.look(2);
    await writeFile(bench.log, "new\n");
    await bench.look(3);
    expect(bench.told.lines).toEqual(["new"]);
  });

  test("that grows too fast is skipped to what is newest, and that is told", async () => {
    await using bench = await FeedBench.open("");
    const line = `${"x".repeat(99)}\n`;
    await appendFile(bench.log, line.repeat(30_000));
    await appendFile(bench.log, "last\n");
    await bench.look(3);
    const bytes = 3_000_005 - 64 * 1024;
    expect(bench.told.unread).toEqual([
      `${bytes} bytes of ${bench.log} were skipped: they came too fast`,
    ]);
    expect(bench.told.lines.length).toBeLessThan(660);
    expect(bench.told.lines.at(0)).toBe("x".repeat(99));
    expect(bench.told.lines.at(-1)).toBe("last");
  });

  test("that grows fast is read piece by piece", async () => {
    await using bench = await FeedBench.open("");
    await appendFile(bench.log, `${"x".repeat(99)}\n`.repeat(2000));
    await bench.look();
    expect(bench.told.lines).toHaveLength(655);
    await bench.look(3);
    expect(bench.told.lines).toHaveLength(2000);
    expect(bench.told.unread).toEqual([]);
  });

  test("has no endless line", async () => {
    await using bench = await FeedBench.open("");
    await appendFile(bench.log, "x".repeat(500_000));
    await bench.look(9);
    await appendFile(bench.log, "\nnext\n");
    await bench.look(2);
    expect(bench.told.lines).toEqual(["x".repeat(4096), "next"]);
  });
});

describe("a log that is read again", () => {
  test("goes on behind the last line, and has told all of it once it is ready", async () => {
    await using folder = await TempFolder.create({ "game.log": "old\n" });
    const log = folder.at("game.log");
    const feed = new FileFeed({ path: log, clock: new ManualClock() });
    expect((await opened(feed)).lines).toEqual([]);
    await appendFile(log, "one\ntw");
    expect((await opened(feed)).lines).toEqual(["one"]);
    await appendFile(log, "o\nthree\n");
    expect((await opened(feed)).lines).toEqual(["two", "three"]);
    expect((await opened(feed)).lines).toEqual([]);
  });

  test("is read from its start where it is another, or was not there", async () => {
    await using folder = await TempFolder.create({});
    const log = folder.at("game.log");
    const feed = new FileFeed({ path: log, clock: new ManualClock() });
    await opened(feed);
    await writeFile(log, "one\n");
    expect((await opened(feed)).lines).toEqual(["one"]);
    await rename(log, folder.at("game.log.1"));
    await writeFile(log, "two\n");
    expect((await opened(feed)).lines).toEqual(["two"]);
    await writeFile(log, "three, written anew\n");
    expect((await opened(feed)).lines).toEqual(["three, written anew"]);
  });

  test("is skipped to what is newest where there is much of it", async () => {
    await using folder = await TempFolder.create({ "game.log": "" });
    const log = folder.at("game.log");
    const feed = new FileFeed({ path: log, clock: new ManualClock() });
    await opened(feed);
    await appendFile(log, `${"x".repeat(99)}\n`.repeat(20_000));
    const { lines, unread } = await opened(feed);
    expect(unread).toEqual([`1934464 bytes of ${log} were skipped: they came too fast`]);
    expect(lines).toHaveLength(655);
  });
});

describe("a path", () => {
  test("that is no file ends the feed, and says so", async () => {
    await using folder = await TempFolder.create();
    await mkdir(folder.at("logs"));
    const told = new ToldLines();
    const part = new FileFeed({ path: folder.at("logs") }).open(told);
    expect(await told.end()).toEqual({
      kind: "failed",
      text: `${folder.at("logs")} cannot be read (it is no file); is it the game's log, and may this user read it?`,
    });
    await part.close();
  });

  test.skipIf(process.getuid?.() === 0)("that may not be read ends the feed", async () => {
    await using folder = await TempFolder.create({ "game.log": "" });
    await chmod(folder.at("game.log"), 0);
    const told = new ToldLines();
    const part = new FileFeed({ path: folder.at("game.log") }).open(told);
    expect((await told.end()).text).toContain("cannot be read (EACCES)");
    await part.close();
  });

  test("that becomes something else ends the feed", async () => {
    await using bench = await FeedBench.open("old\n");
    await rm(bench.log);
    await mkdir(bench.log);
    await bench.look(1);
    expect((await bench.told.end()).text).toContain("it is no file");
  });
});

test("a feed that is closed tells nothing, and looks at nothing", async () => {
  await using bench = await FeedBench.open("old\n");
  await appendFile(bench.log, "one\n");
  await until(() => bench.clock.timers === 1);
  bench.clock.advance(100);
  await bench.close();
  expect(bench.clock.timers).toBe(0);
  expect([bench.told.lines, bench.told.ends]).toEqual([[], []]);

  const told = new ToldLines();
  const early = new FileFeed({ path: bench.log }).open(told);
  await early.close();
  expect([told.readyCount, told.ends]).toEqual([0, []]);
});
