import { expect, test } from "bun:test";
import { DiskReserve } from "../../../mesh/outbox/disk-reserve.ts";
import { GroupCommit, type Job, type Party, type Work } from "../../../mesh/outbox/group-commit.ts";
import { OutboxError } from "../../../mesh/outbox/outbox-error.ts";
import { OutboxFile } from "../../../mesh/outbox/outbox-file.ts";
import { TempFolder } from "../../helpers/temp-folder.ts";
import { nextTurn, rejection } from "../../helpers/turns.ts";
import { ManualClock } from "../manual-clock.ts";

/** Writes down all that is asked of it. */
class RecordingParty implements Party {
  work: Work = "none";
  readonly calls: string[];

  constructor(calls: string[]) {
    this.calls = calls;
  }

  begin(): void {
    this.calls.push("begin");
  }

  end(isFull: boolean): void {
    this.calls.push(isFull ? "end full" : "end");
  }

  committed(): void {
    this.calls.push("committed");
    this.work = "none";
  }

  rolledBack(): void {
    this.calls.push("rolled back");
  }
}

class Bench implements AsyncDisposable {
  readonly folder: TempFolder;
  readonly file: OutboxFile;
  readonly clock = new ManualClock();
  readonly calls: string[] = [];
  readonly party = new RecordingParty(this.calls);
  readonly commits: GroupCommit;

  static async create(): Promise<Bench> {
    return new Bench(await TempFolder.create());
  }

  private constructor(folder: TempFolder) {
    this.folder = folder;
    this.file = OutboxFile.open({ folder: folder.path, fileBytesMax: 10_000_000 });
    this.commits = new GroupCommit({
      file: this.file,
      reserve: new DiskReserve(folder.at("reserve"), 0),
      clock: this.clock,
      limits: { batchEntriesMax: 5, batchBytesMax: 1000 },
      parties: new Set([this.party]),
    });
  }

  /** A job that writes a record, or does otherwise. */
  job(name: string, run: () => OutboxError | undefined = () => this.#write(name), bytes = 1): Job {
    return {
      bytes,
      run: () => {
        this.calls.push(`run ${name}`);
        return run();
      },
      committed: () => void this.calls.push(`committed ${name}`),
      failed: ({ code }) => void this.calls.push(`${code} ${name}`),
    };
  }

  get records(): unknown[] {
    const keys = this.file.prepare<{ readonly key: string }, []>("SELECT key FROM records");
    return keys.all().map(({ key }) => key);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.commits.close();
    this.file.close();
    await this.folder[Symbol.asyncDispose]();
  }

  #write(key: string): undefined {
    this.file.run(`INSERT INTO records VALUES ('${key}', '')`);
  }
}

test("what is asked for in one turn shares a commit, and nobody is answered before it", async () => {
  await using bench = await Bench.create();
  bench.commits.add(bench.job("a"));
  bench.commits.add(bench.job("b"));
  expect(bench.calls).toEqual([]);
  await nextTurn();
  expect(bench.calls).toEqual([
    "begin",
    "run a",
    "run b",
    "end",
    "committed",
    "committed a",
    "committed b",
  ]);
  expect(bench.records).toEqual(["a", "b"]);
});

test("a job that is refused fails alone", async () => {
  await using bench = await Bench.create();
  bench.commits.add(bench.job("a"));
  bench.commits.add(bench.job("b", () => new OutboxError("full", "no room")));
  bench.commits.add(bench.job("c"));
  await nextTurn();
  expect(bench.calls.slice(-4)).toEqual(["committed", "committed a", "full b", "committed c"]);
  expect(bench.records).toEqual(["a", "c"]);
  expect(bench.commits.failure).toBeUndefined();
});

test("a job that throws fails the commit, and the next one works", async () => {
  await using bench = await Bench.create();
  const fail = () => {
    throw new Error("the disk is on fire");
  };
  bench.commits.add(bench.job("a"));
  bench.commits.add(bench.job("b", fail));
  await nextTurn();
  expect(bench.calls).toEqual([
    "begin",
    "run a",
    "run b",
    "rolled back",
    "io_failed a",
    "io_failed b",
  ]);
  expect(bench.records).toEqual([]);
  expect(bench.commits.failure?.message).toContain("the disk failed (the disk is on fire)");
  bench.commits.add(bench.job("c"));
  await nextTurn();
  expect(bench.records).toEqual(["c"]);
  expect(bench.commits.failure).toBeUndefined();
});

test("too many jobs, or too many bytes of them, are committed at once", async () => {
  await using bench = await Bench.create();
  for (const name of ["a", "b", "c", "d"]) bench.commits.add(bench.job(name));
  expect(bench.records).toEqual([]);
  bench.commits.add(bench.job("e"));
  expect(bench.records.length).toBe(5);
  bench.commits.add(bench.job("f", undefined, 999));
  expect(bench.records.length).toBe(5);
  bench.commits.add(bench.job("g", undefined, 1));
  expect(bench.records.length).toBe(7);
});

test("a party with work is called again until it has none, and a flush waits for it", async () => {
  await using bench = await Bench.create();
  bench.party.work = "now";
  let left = 3;
  bench.party.committed = () => {
    left -= 1;
    if (left === 0) bench.party.work = "none";
  };
  await bench.commits.flush();
  expect(left).toBe(0);
});

test("a flush of nothing resolves, and one that fails rejects", async () => {
  await using bench = await Bench.create();
  await bench.commits.flush();
  expect(bench.calls).toEqual(["begin", "end full", "committed"]);
  bench.party.begin = () => {
    throw new Error("the disk is on fire");
  };
  expect(await rejection(bench.commits.flush())).toMatchObject({ code: "io_failed" });
});

test("work that can wait waits for the upkeep", async () => {
  await using bench = await Bench.create();
  bench.commits.upkeep();
  bench.party.work = "later";
  await nextTurn();
  expect(bench.calls).toEqual([]);
  bench.commits.upkeep();
  expect(bench.calls).toEqual(["begin", "end full", "committed"]);
});

test("on a full disk only the parties write, until there is room", async () => {
  await using bench = await Bench.create();
  const fill = () => {
    throw Object.assign(new Error("database or disk is full"), { code: "SQLITE_FULL" });
  };
  bench.commits.add(bench.job("a", fill));
  await nextTurn();
  expect(bench.calls).toEqual([
    "begin",
    "run a",
    "rolled back",
    "disk_full a",
    "begin",
    "end",
    "committed",
  ]);
  expect(bench.commits.failure?.code).toBe("disk_full");
  bench.calls.length = 0;
  bench.commits.add(bench.job("b"));
  await nextTurn();
  expect(bench.calls).toEqual(["disk_full b", "begin", "end", "committed"]);
  await bench.commits.flush();
  bench.commits.upkeep();
  expect(bench.commits.failure).toBeUndefined();
  bench.commits.add(bench.job("c"));
  await nextTurn();
  expect(bench.records).toEqual(["c"]);
});

test("on a slow disk the next commit waits a little", async () => {
  await using bench = await Bench.create();
  bench.party.begin = () => bench.clock.jump(80);
  bench.commits.add(bench.job("a"));
  await nextTurn();
  bench.commits.add(bench.job("b"));
  await nextTurn();
  expect(bench.records).toEqual(["a"]);
  bench.clock.advance(5);
  expect(bench.records).toEqual(["a", "b"]);
});
