import { expect, test } from "bun:test";
import type { OutboxEntry, OutboxQueue } from "../../../mesh/outbox/outbox-queue.ts";
import { Program } from "../../helpers/node-process.ts";
import { TempFolder } from "../../helpers/temp-folder.ts";
import { ALL, openOutbox, PLENTY, textOf } from "./opened-outbox.ts";

const WRITER = Bun.fileURLToPath(new URL("./killed-writer.ts", import.meta.url));

/** For a night of it: `KILL_ROUNDS=2000 bun test tests/mesh/outbox/killed-writer.test.ts`. */
const ROUNDS = Number(process.env["KILL_ROUNDS"] ?? 20);
const ROUND_MS_MAX = 2000;
/** Most are killed while they write, every fourth perhaps while it starts. */
const LIFE_MS_MAX = 100;

interface Confirmed {
  readonly a: number;
  readonly b: number;
  readonly count: number;
}

/** What a writer confirmed before it was killed. */
async function killedWriter(folder: TempFolder, round: number): Promise<Confirmed[]> {
  await using writer = Program.start([WRITER, folder.path]);
  if (round % 4 !== 3) await writer.printed(/\n/);
  await Bun.sleep(Math.random() * LIFE_MS_MAX);
  writer.kill("SIGKILL");
  const { stdout, stderr } = await writer.finished();
  expect(stderr).toBe("");
  // The kill may cut the last line, which then nobody was told.
  return stdout
    .split("\n")
    .slice(0, -1)
    .map((line) => {
      const [a = 0, b = 0, count = 0] = line.split(" ").map(Number);
      return { a, b, count };
    });
}

function counts(entries: readonly OutboxEntry[]): Map<number, number> {
  return new Map(
    entries.map(({ seq, bytes }) => {
      const text = textOf(bytes);
      const count = Number.parseInt(text, 10);
      expect(text).toBe(`${count} ${"x".repeat(count % 700)}`);
      return [seq, count];
    }),
  );
}

/** All from the first to the last, without those that the writer took out. */
function missing(queue: OutboxQueue, from: number, found: ReadonlyMap<number, number>): number[] {
  const last = Math.max(from - 1, ...found.keys());
  expect(queue.status().depth).toBe(found.size);
  const all = Array.from({ length: last - from + 1 }, (_, index) => from + index);
  return all.filter((seq) => !found.has(seq) && seq % 10 !== 5);
}

test(
  `what was confirmed outlives the process, killed ${ROUNDS} times at any instant`,
  async () => {
    await using folder = await TempFolder.create();
    let next = 1;
    for (let round = 0; round < ROUNDS; round += 1) {
      const confirmed = await killedWriter(folder, round);
      await using outbox = openOutbox(folder.path);
      const [a, b] = [outbox.queue("a", PLENTY), outbox.queue("b", PLENTY)];
      const [inA, inB] = [counts(a.read(ALL)), counts(b.read(ALL))];
      // Both queues and the record, or none of the three.
      expect([...inB]).toEqual([...inA]);
      if (inA.size > 0) expect(outbox.records.get("count")).toBe(`${[...inA.values()].at(-1)}`);
      expect([...inA.keys()]).toEqual([...inA.keys()].toSorted((one, other) => one - other));
      expect(missing(a, next, inA)).toEqual([]);
      expect(new Set(inA.values()).size).toBe(inA.size);
      if (round % 4 !== 3) expect(confirmed[0]?.a).toBe(next);
      for (const { a, b, count } of confirmed) {
        expect(b).toBe(a);
        if (a % 10 !== 5) expect(inA.get(a)).toBe(count);
      }
      next = a.status().appended + 1;
      for (const queue of [a, b]) queue.removeUpTo(next - 1);
    }
  },
  ROUNDS * ROUND_MS_MAX,
);
