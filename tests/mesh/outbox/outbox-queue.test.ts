import { describe, expect, test } from "bun:test";
import { TempFolder } from "../../helpers/temp-folder.ts";
import { ManualClock } from "../manual-clock.ts";
import {
  ALL,
  appendAll,
  bytesOf,
  codeOf,
  contents,
  failure,
  openOutbox,
  PLENTY,
} from "./opened-outbox.ts";

describe("what is appended", () => {
  test("is numbered from 1, and read in order, as it was", async () => {
    await using folder = await TempFolder.create();
    await using outbox = openOutbox(folder.path);
    const queue = outbox.queue("q", PLENTY);
    expect(await appendAll(queue, ["a", "b"])).toEqual([1, 2]);
    expect(await queue.append(new Uint8Array())).toBe(3);
    expect(contents(queue)).toEqual(["1:a", "2:b", "3:"]);
  });

  test("is there after the next start, and its numbers go on even when all was removed", async () => {
    await using folder = await TempFolder.create();
    {
      await using outbox = openOutbox(folder.path);
      await appendAll(outbox.queue("q", PLENTY), ["a", "b", "c"]);
    }
    {
      await using outbox = openOutbox(folder.path);
      const queue = outbox.queue("q", PLENTY);
      expect(contents(queue)).toEqual(["1:a", "2:b", "3:c"]);
      queue.removeUpTo(3);
    }
    await using outbox = openOutbox(folder.path);
    const queue = outbox.queue("q", PLENTY);
    expect(contents(queue)).toEqual([]);
    expect(await queue.append(bytesOf("d"))).toBe(4);
  });

  test("may be overwritten by whoever appended it", async () => {
    await using folder = await TempFolder.create();
    await using outbox = openOutbox(folder.path);
    const queue = outbox.queue("q", PLENTY);
    const bytes = bytesOf("first");
    const appended = queue.append(bytes);
    bytes.fill(0);
    await appended;
    expect(contents(queue)).toEqual(["1:first"]);
  });

  test("is not read before it is on the disk", async () => {
    await using folder = await TempFolder.create();
    await using outbox = openOutbox(folder.path);
    const queue = outbox.queue("q", PLENTY);
    const appended = queue.append(bytesOf("a"));
    expect(contents(queue)).toEqual([]);
    expect(queue.status().depth).toBe(0);
    await appended;
    expect(contents(queue)).toEqual(["1:a"]);
  });

  test("is committed within the call once too much waits", async () => {
    await using folder = await TempFolder.create();
    await using outbox = openOutbox(folder.path, { limits: { batchEntriesMax: 3 } });
    const queue = outbox.queue("q", PLENTY);
    const all = [queue.append(bytesOf("a")), queue.append(bytesOf("b"))];
    expect(queue.status().depth).toBe(0);
    all.push(queue.append(bytesOf("c")));
    expect(queue.status().depth).toBe(3);
    expect(await Promise.all(all)).toEqual([1, 2, 3]);
  });
});

describe("a read", () => {
  test("starts after a number and ends at either bound", async () => {
    await using folder = await TempFolder.create();
    await using outbox = openOutbox(folder.path);
    const queue = outbox.queue("q", PLENTY);
    await appendAll(queue, ["aaaa", "bbbb", "cccc", "dddd"]);
    const seqs = (after: number, countMax: number, bytesMax: number) =>
      queue.read({ after, countMax, bytesMax }).map(({ seq }) => seq);
    expect(seqs(1, 2, 1000)).toEqual([2, 3]);
    expect(seqs(0, 10, 8)).toEqual([1, 2]);
    expect(seqs(0, 10, 11)).toEqual([1, 2]);
    expect(seqs(0, 10, 1)).toEqual([1]);
    expect(seqs(4, 10, 1000)).toEqual([]);
  });

  test("skips what was removed before it is gone from the disk", async () => {
    await using folder = await TempFolder.create();
    await using outbox = openOutbox(folder.path);
    const queue = outbox.queue("q", PLENTY);
    await appendAll(queue, ["a", "b", "c", "d", "e"]);
    queue.remove([4, 2]);
    queue.bury(1, "bad");
    expect(contents(queue)).toEqual(["3:c", "5:e"]);
    expect(queue.read({ countMax: 1, bytesMax: 100 }).map(({ seq }) => seq)).toEqual([3]);
    await outbox.flush();
    expect(contents(queue)).toEqual(["3:c", "5:e"]);
  });

  test("tells when each entry came", async () => {
    await using folder = await TempFolder.create();
    const clock = new ManualClock();
    await using outbox = openOutbox(folder.path, { clock, now: () => clock.now() + 5_000_000 });
    const queue = outbox.queue("q", PLENTY);
    await queue.append(bytesOf("a"));
    clock.advance(250);
    await queue.append(bytesOf("b"));
    expect(queue.read(ALL).map(({ at }) => at)).toEqual([5_001_000, 5_001_250]);
    expect(queue.status().oldestAt).toBe(5_001_000);
  });

  test("refuses bounds that are none", async () => {
    await using folder = await TempFolder.create();
    await using outbox = openOutbox(folder.path);
    const queue = outbox.queue("q", PLENTY);
    for (const bounds of [
      { countMax: 0, bytesMax: 1 },
      { countMax: 1, bytesMax: Number.NaN },
      { after: -1, ...ALL },
      { after: 0.5, ...ALL },
    ]) {
      expect(codeOf(() => queue.read(bounds))).toBe("invalid");
    }
  });
});

describe("what is removed", () => {
  test("is gone after a flush, counted, and no other is", async () => {
    await using folder = await TempFolder.create();
    await using outbox = openOutbox(folder.path);
    const queue = outbox.queue("q", PLENTY);
    await appendAll(queue, ["a", "bb", "ccc"]);
    queue.remove([2, 2]);
    queue.remove([2]);
    await outbox.flush();
    expect(queue.status()).toMatchObject({ depth: 2, bytes: 4 + 2 * 16, removed: 1 });
  });

  test("may be of numbers that were never given", async () => {
    await using folder = await TempFolder.create();
    await using outbox = openOutbox(folder.path, { limits: { removalsPerCommitMax: 1 } });
    const queue = outbox.queue("q", PLENTY);
    await appendAll(queue, ["a", "b", "c"]);
    queue.remove([7]);
    queue.removeUpTo(0);
    queue.bury(9, "bad");
    queue.removeUpTo(1_000_000);
    await appendAll(queue, ["d", "e"]);
    await outbox.flush();
    expect(contents(queue)).toEqual(["4:d", "5:e"]);
    expect(queue.status()).toMatchObject({ removed: 3, dead: 0 });
    expect(codeOf(() => queue.remove([1, 1.5]))).toBe("invalid");
    expect(codeOf(() => queue.bury(0, "bad"))).toBe("invalid");
  });

  test("goes a part at a time, and a flush waits for all of it", async () => {
    await using folder = await TempFolder.create();
    await using outbox = openOutbox(folder.path, { limits: { removalsPerCommitMax: 10 } });
    const queue = outbox.queue("q", PLENTY);
    await appendAll(
      queue,
      Array.from({ length: 95 }, (_, index) => `${index}`),
    );
    queue.removeUpTo(90);
    await queue.append(bytesOf("more"));
    expect(queue.status().depth).toBe(86);
    expect(contents(queue).length).toBe(6);
    await outbox.flush();
    expect(queue.status()).toMatchObject({ depth: 6, removed: 90 });
  });
});

describe("a queue at its bound of bytes", () => {
  test("refuses, and takes again once something was removed", async () => {
    await using folder = await TempFolder.create();
    await using outbox = openOutbox(folder.path);
    const queue = outbox.queue("q", { bytesMax: 60, whenFull: "refuse" });
    await appendAll(queue, ["1234", "1234", "1234"]);
    const error = await failure(queue.append(bytesOf("")));
    expect(error.code).toBe("full");
    expect(error.message).toBe(
      'the queue "q" is full: 3 entries wait in 60 bytes, and it may have 60. ' +
        "Look why they are not taken, or raise its bound",
    );
    expect(queue.status()).toMatchObject({ depth: 3, refused: 1, appended: 3 });
    queue.remove([1]);
    expect(await queue.append(bytesOf("new"))).toBe(4);
  });

  test("or drops its oldest, which it counts", async () => {
    await using folder = await TempFolder.create();
    await using outbox = openOutbox(folder.path);
    const queue = outbox.queue("q", { bytesMax: 60, whenFull: "drop_oldest" });
    await appendAll(queue, ["1234", "2234", "3234"]);
    expect(await queue.append(bytesOf("longer than one"))).toBe(4);
    expect(contents(queue)).toEqual(["3:3234", "4:longer than one"]);
    expect(queue.status()).toMatchObject({ depth: 2, dropped: 2, refused: 0, appended: 4 });
  });

  test("drops no more than it must where something is removed all the time", async () => {
    await using folder = await TempFolder.create();
    await using outbox = openOutbox(folder.path);
    const queue = outbox.queue("q", { bytesMax: 51, whenFull: "drop_oldest" });
    for (let seq = 1; seq <= 20; seq += 1) {
      await queue.append(bytesOf("1"));
      queue.remove([seq]);
    }
    await outbox.flush();
    expect(queue.status()).toMatchObject({ depth: 0, dropped: 0, removed: 20 });
    await appendAll(queue, ["1", "2", "3"]);
    queue.remove([22]);
    await appendAll(queue, ["4", "5"]);
    expect(contents(queue)).toEqual(["23:3", "24:4", "25:5"]);
    expect(queue.status()).toMatchObject({ dropped: 1, removed: 21 });
  });

  test("counts nothing as dropped that was delivered and is still to be taken out", async () => {
    await using folder = await TempFolder.create();
    const limits = { removalsPerCommitMax: 2 };
    await using outbox = openOutbox(folder.path, { limits });
    const queue = outbox.queue("q", { bytesMax: 170, whenFull: "drop_oldest" });
    const ten = Array.from({ length: 10 }, () => "1");
    await appendAll(queue, ten);
    queue.removeUpTo(8);
    await appendAll(queue, ten.slice(2));
    await outbox.flush();
    expect(queue.status()).toMatchObject({ depth: 10, removed: 8, dropped: 0 });
  });

  test("drops even of one batch that is larger than itself", async () => {
    await using folder = await TempFolder.create();
    await using outbox = openOutbox(folder.path);
    const queue = outbox.queue("q", { bytesMax: 40, whenFull: "drop_oldest" });
    expect(await appendAll(queue, ["1", "2", "3", "4", "5"])).toEqual([1, 2, 3, 4, 5]);
    expect(contents(queue)).toEqual(["4:4", "5:5"]);
  });

  test("drops what is too much when it is opened with less", async () => {
    await using folder = await TempFolder.create();
    await using outbox = openOutbox(folder.path, {
      limits: { removalsPerCommitMax: 2, batchEntriesMax: 2 },
    });
    const queue = outbox.queue("q", PLENTY);
    await appendAll(queue, ["1", "2", "3", "4", "5", "6", "7"]);
    expect(outbox.queue("q", { bytesMax: 20, whenFull: "drop_oldest" })).toBe(queue);
    await outbox.flush();
    expect(contents(queue)).toEqual(["7:7"]);
    expect(queue.status().dropped).toBe(6);
  });

  test("refuses what is longer than it may ever have, and than any entry may be", async () => {
    await using folder = await TempFolder.create();
    await using outbox = openOutbox(folder.path, { limits: { entryBytesMax: 1000 } });
    for (const whenFull of ["refuse", "drop_oldest"] as const) {
      const small = outbox.queue(`small ${whenFull}`, { bytesMax: 100, whenFull });
      await small.append(bytesOf("kept"));
      expect((await failure(small.append(new Uint8Array(85)))).code).toBe("too_large");
      expect(small.status()).toMatchObject({ depth: 1, refused: 1 });
      await small.append(new Uint8Array(whenFull === "refuse" ? 64 : 84));
    }
    const large = outbox.queue("large", PLENTY);
    expect((await failure(large.append(new Uint8Array(1001)))).code).toBe("too_large");
    expect(await large.append(new Uint8Array(1000))).toBe(1);
  });
});

describe("entries that are too old", () => {
  const AGED = { bytesMax: 10_000, ageMaxMs: 5000, whenFull: "refuse" } as const;

  test("are not read, and are dropped by the upkeep without any other commit", async () => {
    await using folder = await TempFolder.create();
    const clock = new ManualClock();
    await using outbox = openOutbox(folder.path, { clock, now: () => clock.now() });
    const queue = outbox.queue("q", AGED);
    await appendAll(queue, ["old", "old too"]);
    clock.advance(3000);
    await appendAll(queue, ["young"]);
    clock.jump(2001);
    expect(contents(queue)).toEqual(["3:young"]);
    expect(queue.status().depth).toBe(3);
    clock.advance(1000);
    expect(queue.status()).toMatchObject({ depth: 1, dropped: 2 });
    expect(contents(queue)).toEqual(["3:young"]);
  });

  test("make room for what comes", async () => {
    await using folder = await TempFolder.create();
    const clock = new ManualClock();
    await using outbox = openOutbox(folder.path, { clock, now: () => clock.now() });
    const queue = outbox.queue("q", { ...AGED, bytesMax: 20 });
    await appendAll(queue, ["old"]);
    clock.jump(5001);
    expect(await queue.append(bytesOf("new"))).toBe(2);
    expect(queue.status()).toMatchObject({ depth: 1, dropped: 1, refused: 0 });
  });

  test("are found among many in which others are missing", async () => {
    await using folder = await TempFolder.create();
    const clock = new ManualClock();
    await using outbox = openOutbox(folder.path, { clock, now: () => clock.now() });
    const queue = outbox.queue("q", AGED);
    for (let batch = 0; batch < 50; batch += 1) {
      await appendAll(queue, ["x", "y", "z"]);
      clock.jump(100);
    }
    queue.remove([1, 2, 3, 4, 61, 62, 70]);
    await outbox.flush();
    // Batch n came at n * 100, and now it is 7000.
    clock.jump(2000);
    const kept = contents(queue);
    expect([kept[0], kept.length]).toEqual(["63:z", 3 * 30 - 2 - 1]);
  });

  test("are told by the time that passed, not by a clock that was set", async () => {
    await using folder = await TempFolder.create();
    const clock = new ManualClock();
    let wall = 1_000_000;
    const now = () => wall;
    {
      await using outbox = openOutbox(folder.path, { clock, now });
      const queue = outbox.queue("q", AGED);
      await appendAll(queue, ["a"]);
      wall -= 3_600_000;
      await appendAll(queue, ["b"]);
      expect(contents(queue)).toEqual(["1:a", "2:b"]);
      wall += 7_200_000;
      await appendAll(queue, ["c"]);
      expect(contents(queue)).toEqual(["1:a", "2:b", "3:c"]);
    }
    await using outbox = openOutbox(folder.path, { clock, now });
    const queue = outbox.queue("q", AGED);
    await appendAll(queue, ["d"]);
    expect(contents(queue)).toEqual(["1:a", "2:b", "3:c", "4:d"]);
    clock.jump(5001);
    expect(contents(queue)).toEqual([]);
  });
});

test("a note is there at the next start, goes with its queue, and comes back with none", async () => {
  await using folder = await TempFolder.create();
  {
    await using outbox = openOutbox(folder.path);
    const queue = outbox.queue("q", PLENTY);
    expect(queue.note).toBeUndefined();
    await queue.keepNote("one");
    await queue.keepNote("two");
    await outbox.queue("other", PLENTY).keepNote("other");
  }
  await using outbox = openOutbox(folder.path);
  const queue = outbox.queue("q", PLENTY);
  expect(queue.note).toBe("two");
  await outbox.discard("q");
  expect((await failure(queue.keepNote("three"))).code).toBe("discarded");
  expect(outbox.queue("q", PLENTY).note).toBeUndefined();
  expect(outbox.queue("other", PLENTY).note).toBe("other");
});

test("what is counted is there at the next start, refusals included", async () => {
  await using folder = await TempFolder.create();
  const options = { bytesMax: 100, whenFull: "refuse" } as const;
  const clock = new ManualClock();
  const open = () => openOutbox(folder.path, { clock, now: () => clock.now() });
  {
    await using outbox = open();
    const queue = outbox.queue("q", options);
    await appendAll(queue, ["1", "2", "3", "4"]);
    queue.remove([1]);
    queue.bury(2, "bad");
    await outbox.flush();
    await failure(queue.append(new Uint8Array(70)));
  }
  clock.advance(1000);
  await using outbox = open();
  expect(outbox.queue("q", options).status()).toEqual({
    depth: 2,
    bytes: 34,
    oldestAt: 1000,
    appended: 4,
    removed: 1,
    refused: 1,
    dropped: 0,
    dead: 1,
  });
});
