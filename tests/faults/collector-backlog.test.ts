/** A collector that was away for long: what waits for it is delivered in order, and never held in memory as a whole. */

import { expect, setDefaultTimeout, test } from "bun:test";
import * as v from "valibot";
import { newEnvelope } from "../../mesh/index.ts";
import { Growth } from "../helpers/memory-growth.ts";
import { Program } from "../helpers/node-process.ts";
import type { Kept } from "../helpers/observed-node.ts";
import { TempFolder } from "../helpers/temp-folder.ts";
import { openOutbox } from "../mesh/outbox/opened-outbox.ts";

setDefaultTimeout(60_000);

const MAIN = Bun.fileURLToPath(new URL("../helpers/collectors/drain-main.ts", import.meta.url));

const MiB = 1024 * 1024;
const QUEUE = "collectors:web";
const ROOMY = { bytesMax: 1000 * MiB, whenFull: "refuse" } as const;
const EVENTS = 200_000;
/** Enough to see what is planted. */
const EVENTS_WITH_LEAK = 60_000;
const APPENDED_AT_ONCE = 2000;
const LOOK_EVERY = 5000;

/** Of what one event leaves behind. */
const HEAP_BYTES_MAX = 8;
/** Loose, as under load the system gives and takes by itself. */
const RESIDENT_BYTES_MAX = 64;
/** Three times what it takes: code, and garbage that is not yet collected. All the events at once would take twice as much. */
const PEAK_BYTES_MAX: number = 64 * MiB;

const Look = v.object({
  heapBytes: v.number(),
  extraBytes: v.number(),
  objects: v.number(),
  types: v.record(v.string(), v.number()),
  residentBytes: v.number(),
});

const End = v.object({ delivered: v.number(), left: v.number(), peakBytes: v.number() });

async function fill(folder: TempFolder, events: number): Promise<void> {
  await using outbox = openOutbox(folder.path);
  const queue = outbox.queue(QUEUE, ROOMY);
  for (let from = 0; from < events; from += APPENDED_AT_ONCE) {
    await Promise.all(
      Array.from({ length: APPENDED_AT_ONCE }, (_, at) => queue.append(eventBytes(from + at))),
    );
  }
}

function eventBytes(n: number): Uint8Array {
  const payload = { n, text: "anyone up for one more round?" };
  const event = newEnvelope({ topic: "chat.global", node: "surf", type: "chat", payload });
  return Buffer.from(JSON.stringify(event));
}

interface Drained extends v.InferOutput<typeof End> {
  readonly growth: Growth;
}

async function drain(
  folder: TempFolder,
  events: number,
  keeps: "nothing" | "events",
): Promise<Drained> {
  await using program = Program.start([MAIN, folder.path, QUEUE, keeps]);
  const seen: Kept[] = [];
  for (let looks = 0; looks < events / LOOK_EVERY; looks += 1) {
    const look = v.parse(Look, await nextLine(program));
    seen.push({ ...look, uncaughtErrors: 0, errors: [], sizes: {} });
  }
  const end = v.parse(End, await nextLine(program));
  expect(await program.finished()).toMatchObject({ exitCode: 0, stderr: "" });
  return { ...end, growth: new Growth(seen) };
}

async function nextLine(program: Program): Promise<unknown> {
  const [line] = await program.printed(/^\{.*\}$/m);
  return JSON.parse(line);
}

test("a backlog is drained in order with bounded memory, and nothing is lost", async () => {
  await using folder = await TempFolder.create();
  await fill(folder, EVENTS);
  const { delivered, left, peakBytes, growth } = await drain(folder, EVENTS, "nothing");
  expect({ delivered, left }).toEqual({ delivered: EVENTS, left: 0 });
  expect(growth.heapBytes / LOOK_EVERY).toBeLessThan(HEAP_BYTES_MAX);
  expect(growth.residentBytes / LOOK_EVERY).toBeLessThan(RESIDENT_BYTES_MAX);
  expect(peakBytes).toBeLessThan(PEAK_BYTES_MAX);
  await using outbox = openOutbox(folder.path);
  expect(outbox.queue(QUEUE, ROOMY).status()).toMatchObject({
    depth: 0,
    bytes: 0,
    appended: EVENTS,
    removed: EVENTS,
    dropped: 0,
    dead: 0,
  });
});

test("a delivery that lets go of nothing is seen", async () => {
  await using folder = await TempFolder.create();
  await fill(folder, EVENTS_WITH_LEAK);
  const { growth } = await drain(folder, EVENTS_WITH_LEAK, "events");
  expect(growth.heapBytes / LOOK_EVERY).toBeGreaterThan(10 * HEAP_BYTES_MAX);
  expect(growth.residentBytes / LOOK_EVERY).toBeGreaterThan(2 * RESIDENT_BYTES_MAX);
});
