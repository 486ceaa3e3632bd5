import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { stat } from "node:fs/promises";
import { TempFolder } from "../../helpers/temp-folder.ts";
import { ManualClock } from "../manual-clock.ts";
import { openOutbox } from "./opened-outbox.ts";

const MiB = 1024 * 1024;
const ENTRIES = 200_000;
const BATCH = 2000;
const ROOMY = { bytesMax: 1000 * MiB, whenFull: "refuse" } as const;

async function fill(folder: TempFolder, entries: number): Promise<void> {
  await using outbox = openOutbox(folder.path);
  const queue = outbox.queue("q", ROOMY);
  const bytes = new Uint8Array(200);
  for (let done = 0; done < entries; done += BATCH) {
    await Promise.all(Array.from({ length: BATCH }, () => queue.append(bytes)));
  }
}

test("a long queue is opened without being read, read from anywhere, and its file does not grow for ever", async () => {
  await using folder = await TempFolder.create();
  await fill(folder, ENTRIES);
  const full = (await stat(folder.at("outbox.sqlite"))).size;
  expect(full).toBeGreaterThan(ENTRIES * 200);

  const before = bytesRead();
  const clock = new ManualClock();
  await using outbox = openOutbox(folder.path, { clock });
  const queue = outbox.queue("q", ROOMY);
  expect(queue.status()).toMatchObject({ depth: ENTRIES, bytes: ENTRIES * 216 });
  const middle = queue.read({ after: ENTRIES / 2, countMax: 100, bytesMax: MiB });
  expect(middle.map(({ seq }) => seq)).toEqual(
    Array.from({ length: 100 }, (_, index) => ENTRIES / 2 + 1 + index),
  );
  expect(bytesRead() - before).toBeLessThan(MiB);

  // What is freed is used again.
  queue.removeUpTo(ENTRIES - 1000);
  await outbox.flush();
  for (let round = 0; round < 20; round += 1) {
    await Promise.all(Array.from({ length: BATCH }, () => queue.append(new Uint8Array(200))));
  }
  expect((await stat(folder.at("outbox.sqlite"))).size).toBe(full);

  // What is not used goes back to the disk, a part at a time.
  queue.removeUpTo(queue.status().appended);
  await outbox.flush();
  let steps = 0;
  for (let size = full, last = 0; size !== last; steps += 1) {
    last = size;
    clock.advance(1000);
    ({ size } = await stat(folder.at("outbox.sqlite")));
    expect(last - size).toBeLessThanOrEqual(4.1 * MiB);
  }
  expect(steps).toBeGreaterThan(3);
  expect((await stat(folder.at("outbox.sqlite"))).size).toBeLessThan(17 * MiB);
  expect((await stat(folder.at("outbox.sqlite-wal"))).size).toBeLessThan(17 * MiB);
}, 30_000);

/** What this process has read of all files, as the system counts it. */
function bytesRead(): number {
  if (process.platform !== "linux") return 0;
  return Number(/rchar: (\d+)/.exec(readFileSync("/proc/self/io", "utf8"))?.[1]);
}
