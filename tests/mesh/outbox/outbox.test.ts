import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { TempFolder } from "../../helpers/temp-folder.ts";
import {
  appendAll,
  bytesOf,
  codeOf,
  contents,
  failure,
  openOutbox,
  PLENTY,
} from "./opened-outbox.ts";

describe("an append to several queues", () => {
  test("answers the number in each, and records go with it", async () => {
    await using folder = await TempFolder.create();
    await using outbox = openOutbox(folder.path);
    const [a, b] = [outbox.queue("a", PLENTY), outbox.queue("b", PLENTY)];
    await appendAll(a, ["before"]);
    const entries = [
      { queue: a, bytes: bytesOf("x") },
      { queue: b, bytes: bytesOf("x") },
      { queue: a, bytes: bytesOf("y") },
    ];
    expect(await outbox.append(entries, [{ key: "seen", value: "9" }])).toEqual([2, 1, 3]);
    expect([contents(a), contents(b)]).toEqual([["1:before", "2:x", "3:y"], ["1:x"]]);
    expect(outbox.records.get("seen")).toBe("9");
  });

  test("is done nowhere when one of them refuses", async () => {
    await using folder = await TempFolder.create();
    await using outbox = openOutbox(folder.path, { limits: { recordsMax: 1 } });
    const a = outbox.queue("a", PLENTY);
    const b = outbox.queue("b", { bytesMax: 40, whenFull: "refuse" });
    await appendAll(b, ["1"]);
    const both = [a, b, b].map((queue) => ({ queue, bytes: bytesOf("x") }));
    const other = a.append(bytesOf("other"));
    expect((await failure(outbox.append(both, [{ key: "seen", value: "9" }]))).code).toBe("full");
    expect(await other).toBe(1);
    await outbox.records.set("one", "1");
    const tooMany = outbox.append([{ queue: a, bytes: bytesOf("x") }], [{ key: "k", value: "" }]);
    expect((await failure(tooMany)).code).toBe("too_many");
    expect([contents(a), contents(b)]).toEqual([["1:other"], ["1:1"]]);
    expect(outbox.records.keys()).toEqual(["one"]);
    expect([a.status().refused, b.status().refused]).toEqual([2, 2]);
  });
});

describe("queues", () => {
  test("are listed, also those that nobody opened this time", async () => {
    await using folder = await TempFolder.create();
    {
      await using outbox = openOutbox(folder.path);
      await appendAll(outbox.queue("gone from the config", PLENTY), ["a", "bb"]);
      outbox.queue("kept", PLENTY);
    }
    await using outbox = openOutbox(folder.path);
    outbox.queue("kept", PLENTY);
    expect(outbox.queues()).toMatchObject([
      { name: "gone from the config", isOpen: false, depth: 2, bytes: 35, dead: 0 },
      { name: "kept", isOpen: true, depth: 0, bytes: 0, dead: 0 },
    ]);
  });

  test("keep apart what each has", async () => {
    await using folder = await TempFolder.create();
    await using outbox = openOutbox(folder.path);
    const [a, b] = [outbox.queue("a", PLENTY), outbox.queue("b", PLENTY)];
    await Promise.all([appendAll(a, ["1", "2"]), appendAll(b, ["3"])]);
    a.removeUpTo(1);
    await outbox.flush();
    expect([contents(a), contents(b)]).toEqual([["2:2"], ["1:3"]]);
  });

  test("are only so many", async () => {
    await using folder = await TempFolder.create();
    await using outbox = openOutbox(folder.path, { limits: { queuesMax: 1 } });
    outbox.queue("a", PLENTY);
    outbox.queue("a", PLENTY);
    expect(codeOf(() => outbox.queue("b", PLENTY))).toBe("too_many");
    await outbox.discard("a");
    expect(codeOf(() => outbox.queue("b", PLENTY))).toBe("none");
  });

  test("have names and bounds that can be", async () => {
    await using folder = await TempFolder.create();
    await using outbox = openOutbox(folder.path);
    for (const [name, options] of [
      ["", PLENTY],
      ["é".repeat(129), PLENTY],
      ["a", { ...PLENTY, bytesMax: 0 }],
      ["a", { ...PLENTY, bytesMax: 1.5 }],
      ["a", { ...PLENTY, ageMaxMs: Number.POSITIVE_INFINITY }],
    ] as const) {
      expect(codeOf(() => outbox.queue(name, options))).toBe("invalid");
    }
    expect(outbox.queues()).toEqual([]);
    const queue = outbox.queue("'; DROP TABLE queues; --", PLENTY);
    expect(await queue.append(bytesOf("a"))).toBe(1);
  });
});

describe("a discarded queue", () => {
  test("may be discarded by several at once", async () => {
    await using folder = await TempFolder.create();
    await using outbox = openOutbox(folder.path);
    const other = outbox.queue("other", PLENTY);
    await outbox.queue("q", PLENTY).append(bytesOf("a"));
    await Promise.all([outbox.discard("q"), outbox.discard("q"), outbox.discard("q")]);
    await outbox.flush();
    expect(await other.append(bytesOf("b"))).toBe(1);
    expect(outbox.failure).toBeUndefined();
  });

  test("that is opened before it has gone is a new one", async () => {
    await using folder = await TempFolder.create();
    await using outbox = openOutbox(folder.path);
    await outbox.queue("q", PLENTY).append(bytesOf("old"));
    const discarded = outbox.discard("q");
    const queue = outbox.queue("q", PLENTY);
    expect(await queue.append(bytesOf("new"))).toBe(2);
    await discarded;
    expect(contents(queue)).toEqual(["2:new"]);
  });

  test("keeps no note any more", async () => {
    await using folder = await TempFolder.create();
    await using outbox = openOutbox(folder.path);
    const queue = outbox.queue("q", PLENTY);
    const discarded = outbox.discard("q");
    expect((await failure(queue.keepNote("one"))).code).toBe("discarded");
    await discarded;
    expect(outbox.records.keys()).toEqual([]);
  });

  test("that is not gone yet fails nobody who waits when the file is closed", async () => {
    await using folder = await TempFolder.create();
    const outbox = openOutbox(folder.path, { limits: { removalsPerCommitMax: 2 } });
    const queue = outbox.queue("q", PLENTY);
    await appendAll(
      queue,
      Array.from({ length: 200 }, () => "x"),
    );
    await outbox.discard("q");
    const flushed = outbox.flush();
    await outbox.close();
    await flushed;
  });

  test("does not hold up the end, and goes on at the next start", async () => {
    await using folder = await TempFolder.create();
    const limits = { removalsPerCommitMax: 10 };
    {
      await using outbox = openOutbox(folder.path, { limits });
      const queue = outbox.queue("q", PLENTY);
      await appendAll(
        queue,
        Array.from({ length: 95 }, () => "x"),
      );
      await outbox.discard("q");
    }
    expect(entryTables(folder)).toEqual([{ name: "entries_1" }]);
    {
      await using outbox = openOutbox(folder.path, { limits });
      await outbox.flush();
    }
    expect(entryTables(folder)).toEqual([]);
  });

  test("is gone with all it had, a part at a time, also across a start", async () => {
    await using folder = await TempFolder.create();
    const limits = { removalsPerCommitMax: 10 };
    {
      await using outbox = openOutbox(folder.path, { limits });
      const queue = outbox.queue("q", PLENTY);
      await appendAll(
        queue,
        Array.from({ length: 95 }, () => "x".repeat(500)),
      );
      queue.bury(95, "bad");
      await outbox.flush();
      await outbox.discard("q");
      expect(outbox.queues()).toEqual([]);
      expect((await failure(outbox.discard("q"))).code).toBe("not_found");
    }
    {
      await using outbox = openOutbox(folder.path, { limits });
      expect(outbox.queues()).toEqual([]);
      await outbox.flush();
    }
    expect(entryTables(folder)).toEqual([]);
    await using outbox = openOutbox(folder.path, { limits });
    const queue = outbox.queue("q", PLENTY);
    expect(contents(queue)).toEqual([]);
    expect(queue.deadLetters.read({ countMax: 10, bytesMax: 10 })).toEqual([]);
    expect(queue.status()).toMatchObject({ depth: 0, appended: 0, dead: 0 });
  });

  test("gives none of its numbers to a later queue of its name", async () => {
    await using folder = await TempFolder.create();
    await using outbox = openOutbox(folder.path);
    await appendAll(outbox.queue("q", PLENTY), ["a", "b", "c"]);
    await outbox.discard("q");
    expect(await outbox.queue("q", PLENTY).append(bytesOf("d"))).toBe(4);
  });

  test("takes and answers nothing more, while another is not touched", async () => {
    await using folder = await TempFolder.create();
    await using outbox = openOutbox(folder.path);
    const [queue, other] = [outbox.queue("q", PLENTY), outbox.queue("other", PLENTY)];
    await appendAll(queue, ["a"]);
    const discarded = outbox.discard("q");
    const late = failure(queue.append(bytesOf("late")));
    expect(codeOf(() => contents(queue))).toBe("discarded");
    await discarded;
    expect((await late).code).toBe("discarded");
    expect((await failure(queue.append(bytesOf("later")))).message).toBe(
      'the queue "q" was discarded; open it again to go on with an empty one',
    );
    queue.remove([1]);
    queue.bury(1, "bad");
    expect(await other.append(bytesOf("a"))).toBe(1);
    await outbox.flush();
    const again = outbox.queue("q", PLENTY);
    expect(again).not.toBe(queue);
    expect(contents(again)).toEqual([]);
  });
});

describe("closing", () => {
  test("commits what waits, and takes nothing more", async () => {
    await using folder = await TempFolder.create();
    const outbox = openOutbox(folder.path, { limits: { removalsPerCommitMax: 2 } });
    const queue = outbox.queue("q", PLENTY);
    await appendAll(queue, ["a", "b", "c", "d", "e"]);
    queue.removeUpTo(5);
    const last = queue.append(bytesOf("f"));
    await outbox.close();
    await outbox.close();
    expect(await last).toBe(6);
    for (const attempt of [
      queue.append(bytesOf("g")),
      outbox.append([]),
      outbox.flush(),
      outbox.discard("q"),
      outbox.records.set("a", "1"),
      queue.deadLetters.replay(1),
    ]) {
      expect((await failure(attempt)).code).toBe("closed");
    }
    for (const attempt of [
      () => contents(queue),
      () => outbox.queue("r", PLENTY),
      () => outbox.records.get("a"),
    ]) {
      expect(codeOf(attempt)).toBe("closed");
    }
    expect(queue.status()).toMatchObject({ depth: 1, removed: 5 });
    queue.remove([6]);
    await using again = openOutbox(folder.path);
    expect(contents(again.queue("q", PLENTY))).toEqual(["6:f"]);
  });
});

/** Those on the disk, named or not. */
function entryTables(folder: TempFolder): unknown[] {
  using database = new Database(folder.at("outbox.sqlite"));
  using tables = database.query("SELECT name FROM sqlite_schema WHERE name LIKE 'entries%'");
  return tables.all();
}
