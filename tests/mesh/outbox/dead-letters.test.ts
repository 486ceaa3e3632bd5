import { expect, test } from "bun:test";
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

test("a buried entry keeps its number, its bytes and the reason, also after the next start", async () => {
  await using folder = await TempFolder.create();
  const clock = new ManualClock();
  const now = () => clock.now();
  {
    await using outbox = openOutbox(folder.path, { clock, now });
    const queue = outbox.queue("q", PLENTY);
    await appendAll(queue, ["a", "b"]);
    clock.advance(50);
    queue.bury(2, "the collector answered 400");
    queue.bury(2, "again");
  }
  await using outbox = openOutbox(folder.path, { clock, now });
  const queue = outbox.queue("q", PLENTY);
  expect(contents(queue)).toEqual(["1:a"]);
  expect(queue.deadLetters.read(ALL)).toEqual([
    { seq: 2, at: 1000, buriedAt: 1050, reason: "the collector answered 400", bytes: bytesOf("b") },
  ]);
  expect(queue.status()).toMatchObject({ depth: 1, dead: 1, removed: 0, dropped: 0 });
});

test("what was delivered is not buried", async () => {
  await using folder = await TempFolder.create();
  await using outbox = openOutbox(folder.path);
  const queue = outbox.queue("q", PLENTY);
  await appendAll(queue, ["a"]);
  queue.remove([1]);
  queue.bury(1, "late");
  await outbox.flush();
  expect(queue.status()).toMatchObject({ removed: 1, dead: 0 });
});

test("a long reason is cut", async () => {
  await using folder = await TempFolder.create();
  await using outbox = openOutbox(folder.path);
  const queue = outbox.queue("q", PLENTY);
  await appendAll(queue, ["a"]);
  queue.bury(1, "x".repeat(10_000));
  await outbox.flush();
  expect(queue.deadLetters.read(ALL)[0]?.reason.length).toBe(500);
});

test("one that is replayed comes last, as new, and is dead no more", async () => {
  await using folder = await TempFolder.create();
  await using outbox = openOutbox(folder.path);
  const queue = outbox.queue("q", PLENTY);
  await appendAll(queue, ["a", "b", "c"]);
  queue.bury(1, "bad");
  await outbox.flush();
  expect(await queue.deadLetters.replay(1)).toBe(4);
  expect(contents(queue)).toEqual(["2:b", "3:c", "4:a"]);
  expect(queue.deadLetters.read(ALL)).toEqual([]);
  expect(queue.status()).toMatchObject({ depth: 3, appended: 4, dead: 0 });
  expect((await failure(queue.deadLetters.replay(1))).message).toBe(
    'the queue "q" has no dead letter 1',
  );
});

test("one that its queue has no room for stays dead", async () => {
  await using folder = await TempFolder.create();
  await using outbox = openOutbox(folder.path);
  const queue = outbox.queue("q", { bytesMax: 40, whenFull: "refuse" });
  await appendAll(queue, ["a", "b"]);
  queue.bury(1, "bad");
  await appendAll(queue, ["c"]);
  expect((await failure(queue.deadLetters.replay(1))).code).toBe("full");
  expect(queue.status()).toMatchObject({ depth: 2, dead: 1 });
});

test("one that is discarded is gone for good", async () => {
  await using folder = await TempFolder.create();
  await using outbox = openOutbox(folder.path);
  const queue = outbox.queue("q", PLENTY);
  await appendAll(queue, ["a", "b"]);
  queue.bury(1, "bad");
  queue.bury(2, "bad");
  await outbox.flush();
  await queue.deadLetters.discard(1);
  expect(queue.deadLetters.read(ALL).map(({ seq }) => seq)).toEqual([2]);
  expect((await failure(queue.deadLetters.discard(1))).code).toBe("not_found");
});

test("they have bounds of number and bytes, at which the oldest are dropped and counted", async () => {
  await using folder = await TempFolder.create();
  const limits = { deadLettersMax: 3, deadBytesMax: 100 };
  await using outbox = openOutbox(folder.path, { limits });
  const queue = outbox.queue("q", PLENTY);
  await appendAll(queue, ["1", "2", "3", "4", "5", "x".repeat(60)]);
  for (const seq of [3, 1, 5, 2]) queue.bury(seq, "bad");
  await outbox.flush();
  expect(queue.deadLetters.read(ALL).map(({ seq }) => seq)).toEqual([2, 3, 5]);
  queue.bury(6, "bad");
  await outbox.flush();
  expect(queue.deadLetters.read(ALL).map(({ seq }) => seq)).toEqual([5, 6]);
  expect(queue.status()).toMatchObject({ dead: 2, dropped: 3, depth: 1 });
});

test("a list of them is bounded, and goes on from a number", async () => {
  await using folder = await TempFolder.create();
  await using outbox = openOutbox(folder.path);
  const queue = outbox.queue("q", PLENTY);
  const other = outbox.queue("other", PLENTY);
  await appendAll(queue, ["1", "2", "3"]);
  await appendAll(other, ["1"]);
  for (const seq of [1, 2, 3]) queue.bury(seq, "bad");
  other.bury(1, "bad");
  await outbox.flush();
  const seqs = (after: number, countMax: number, bytesMax: number) =>
    queue.deadLetters.read({ after, countMax, bytesMax }).map(({ seq }) => seq);
  expect(seqs(0, 2, 100)).toEqual([1, 2]);
  expect(seqs(1, 9, 100)).toEqual([2, 3]);
  expect(seqs(0, 9, 1)).toEqual([1]);
  expect(codeOf(() => seqs(0, 0, 1))).toBe("invalid");
});
