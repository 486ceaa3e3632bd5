import { describe, expect, test } from "bun:test";
import { rm, stat, writeFile } from "node:fs/promises";
import { Outbox } from "../../../mesh/outbox/outbox.ts";
import type { OutboxQueue } from "../../../mesh/outbox/outbox-queue.ts";
import { TempFolder } from "../../helpers/temp-folder.ts";
import { ManualClock } from "../manual-clock.ts";
import { canMount, MountedFolder } from "./mounted-folder.ts";
import { ALL, appendAll, bytesOf, failure, openOutbox } from "./opened-outbox.ts";

const MiB = 1024 * 1024;
const ROOMY = { bytesMax: 1000 * MiB, whenFull: "refuse" } as const;

/** Appends until nothing more is taken. Answers how many were, and why the last was not. */
async function appendUntilFull(queue: OutboxQueue, bytes: Uint8Array) {
  for (let kept = 0; ; kept += 50) {
    const all = await Promise.allSettled(Array.from({ length: 50 }, () => queue.append(bytes)));
    const rejected = all.filter((result) => result.status === "rejected");
    if (rejected.length === 0) continue;
    // All of a commit or nothing of it.
    expect(rejected.length).toBe(50);
    return { kept, error: await failure(queue.append(bytes)) };
  }
}

test("a file that is as large as it may get refuses, loses nothing, and goes on", async () => {
  await using folder = await TempFolder.create();
  const clock = new ManualClock();
  const limits = { fileBytesMax: MiB };
  await using outbox = openOutbox(folder.path, { limits, clock });
  const queue = outbox.queue("q", ROOMY);
  const { kept, error } = await appendUntilFull(queue, new Uint8Array(500));
  expect(kept).toBeGreaterThan(1000);
  expect(error.code).toBe("disk_full");
  expect(error.message).toBe(
    `${folder.at("outbox.sqlite")}: no room is left on the disk, or the file is as large as it may get. ` +
      "Make room; nothing needs to be started again",
  );
  expect(outbox.failure?.code).toBe("disk_full");
  expect(queue.status()).toMatchObject({ depth: kept, refused: 51 });
  expect(queue.read(ALL).length).toBe(kept);

  // What is delivered is still taken out.
  queue.removeUpTo(kept - 100);
  await outbox.flush();
  expect(queue.status().depth).toBe(100);
  expect((await failure(queue.append(bytesOf("too soon")))).code).toBe("disk_full");
  clock.advance(1000);
  expect(await queue.append(bytesOf("again"))).toBe(kept + 1);
  expect(outbox.failure).toBeUndefined();
});

describe.skipIf(!canMount())("a disk that is full", () => {
  test("refuses, loses nothing, and goes on once there is room", async () => {
    await using disk = await MountedFolder.create({ bytes: 12 * MiB });
    const clock = new ManualClock();
    await writeFile(disk.at("other"), new Uint8Array(9 * MiB));
    {
      await using outbox = openOutbox(disk.path, { clock });
      const queue = outbox.queue("q", ROOMY);
      const { kept, error } = await appendUntilFull(queue, new Uint8Array(1000));
      expect(error.code).toBe("disk_full");
      expect(queue.status().depth).toBe(kept);
      await rm(disk.at("other"));
      clock.advance(1000);
      expect(await queue.append(bytesOf("again"))).toBe(kept + 1);
      expect(queue.read(ALL).length).toBe(kept + 1);
    }
    await using again = openOutbox(disk.path, { clock });
    const queue = again.queue("q", ROOMY);
    expect(queue.read(ALL).map(({ seq }) => seq)).toEqual(
      Array.from({ length: queue.status().depth }, (_, index) => index + 1),
    );
  });

  test("by the outbox alone is emptied by whoever delivers, with nobody's help", async () => {
    await using disk = await MountedFolder.create({ bytes: 32 * MiB });
    const clock = new ManualClock();
    await using outbox = Outbox.open({ folder: disk.path, clock });
    const queue = outbox.queue("q", ROOMY);
    const first = await appendUntilFull(queue, new Uint8Array(5000));
    expect(first.error.code).toBe("disk_full");
    let after = 0;
    for (let round = 0; round < 3; round += 1) {
      for (let batch = 0; batch < 100; batch += 1) {
        const entries = queue.read({ after, countMax: 20, bytesMax: MiB });
        queue.remove(entries.map(({ seq }) => seq));
        await outbox.flush();
        after = entries.at(-1)?.seq ?? after;
      }
      for (let second = 0; second < 10; second += 1) clock.advance(1000);
      expect(outbox.failure).toBeUndefined();
      const more = await appendUntilFull(queue, new Uint8Array(5000));
      expect(more.kept).toBeGreaterThan(0);
      expect((await stat(disk.at("outbox.sqlite-wal"))).size).toBeLessThan(16 * MiB);
    }
    const { depth, appended, removed } = queue.status();
    expect(appended - removed).toBe(depth);
    expect(queue.read(ALL).length).toBe(depth);
  });

  test("at the start takes nothing until there is room, and what waits is read", async () => {
    await using disk = await MountedFolder.create({ bytes: 12 * MiB });
    {
      await using outbox = openOutbox(disk.path);
      await appendAll(outbox.queue("q", ROOMY), ["a", "b"]);
    }
    await writeFile(disk.at("other"), new Uint8Array(8 * MiB));
    const clock = new ManualClock();
    await using outbox = Outbox.open({ folder: disk.path, clock });
    const queue = outbox.queue("q", ROOMY);
    expect(outbox.failure?.code).toBe("disk_full");
    expect((await failure(queue.append(bytesOf("c")))).code).toBe("disk_full");
    expect(queue.read(ALL).map(({ seq }) => seq)).toEqual([1, 2]);
    await rm(disk.at("other"));
    clock.advance(1000);
    expect(await queue.append(bytesOf("c"))).toBe(3);
  });

  test("stops reading when what is taken out can no longer be written", async () => {
    await using disk = await MountedFolder.create({ bytes: 2 * MiB });
    const clock = new ManualClock();
    const outbox = openOutbox(disk.path, { clock, limits: { unsettledMax: 3 } });
    const queue = outbox.queue("q", ROOMY);
    const { kept } = await appendUntilFull(queue, new Uint8Array(1000));
    await writeFile(disk.at("other"), new Uint8Array(2 * MiB)).catch(() => {});
    // The log may have some room of its own left.
    let removed = 0;
    const isWritten = async () => {
      queue.remove([removed + 1]);
      return await outbox.flush().then(
        () => true,
        () => false,
      );
    };
    while (await isWritten()) removed += 1;
    const next = removed + 2;
    const seqs = queue.read({ countMax: 2, bytesMax: 10_000 }).map(({ seq }) => seq);
    expect(seqs).toEqual([next, next + 1]);
    queue.remove([next + 1, next + 3, next + 5]);
    expect(() => queue.read(ALL)).toThrow("no room is left on the disk");
    expect(queue.status()).toMatchObject({ removed, depth: kept - removed });
    expect((await failure(outbox.close())).code).toBe("disk_full");
    await rm(disk.at("other"));
    await using again = openOutbox(disk.path);
    expect(again.queue("q", ROOMY).status()).toMatchObject({ removed, depth: kept - removed });
  });
});
