/**
 * A million events of 200 bytes that wait on the disk: how long a node takes to start with them, how long it takes to
 * deliver them in order to a receiver that takes all at once, and what its memory grows by meanwhile; against bare SQLite
 * that opens and counts them, and reads, parses and takes out as many at a time.
 */

import { cpSync } from "node:fs";
import * as v from "valibot";
import { type OutboxQueue, type PluginNode, SYSTEM_CLOCK } from "../../mesh/index.ts";
import { Delivery } from "../../mesh/plugins/collectors/delivery.ts";
import { DELIVERY_DEFAULTS } from "../../mesh/plugins/collectors/limits.ts";
import type { Sink } from "../../mesh/plugins/collectors/sink.ts";
import { BareStore } from "../bare-store.ts";
import { startNode } from "../bench-node.ts";
import { fail } from "../fail.ts";
import type { Contender, Measure } from "../measure.ts";
import { MemoryPeak } from "../memory-peak.ts";
import { EVENT_BYTES, Expected, numberedEvent } from "../numbered-events.ts";
import { askFor, serveWork } from "../on-request.ts";
import { ScratchFolder } from "../scratch.ts";

const MIB = 1024 * 1024;
const EVENTS = 1_000_000;
const APPENDED_AT_ONCE = 4000;
const { batchEvents: BATCH_EVENTS } = DELIVERY_DEFAULTS;
const ROOMY = { bytesMax: 1024 ** 3, whenFull: "refuse" } as const;

export const backlog: Measure = {
  name: "backlog",
  rows: [
    {
      label: "backlog of a million, start (bare: SQLite)",
      unit: "ms",
      target: { figureBelow: 2000 },
    },
    { label: "backlog of a million, drained", unit: "events/s", dataBytes: EVENT_BYTES },
    { label: "backlog of a million, time to drain", unit: "ms" },
    {
      label: "backlog of a million, memory grown by",
      unit: "bytes",
      // The events alone are 200 MB.
      target: { figureBelow: 100 * MIB },
    },
  ],
  isSlow: true,
  // Memory that was used before would hide what is used now.
  freshServers: true,
  ccp: filledOnce({ fill: fillNode, work: drainNode }),
  bare: filledOnce({ fill: fillBare, work: drainBare }),
};

interface Parts {
  /** In the parent. */
  readonly fill: (folder: string) => Promise<void>;
  /** In the child. */
  readonly work: (folder: string) => Promise<readonly number[]>;
}

function filledOnce({ fill, work }: Parts): Contender {
  let filled: ScratchFolder | undefined;
  return {
    serve: () => serveWork(work),
    async run(server) {
      if (filled === undefined) {
        const folder = new ScratchFolder();
        await fill(folder.path);
        filled = folder;
      }
      using folder = new ScratchFolder();
      cpSync(filled.path, folder.path, { recursive: true });
      return await askFor(server, folder.path);
    },
  };
}

async function fillNode(folder: string): Promise<void> {
  const { meshNode, node } = await startNode({ name: "a", folder });
  const queue = queueOf(node);
  for (let from = 0; from < EVENTS; from += APPENDED_AT_ONCE) {
    await Promise.all(eventsFrom(from).map((bytes) => queue.append(bytes)));
  }
  await meshNode.stop();
}

async function fillBare(folder: string): Promise<void> {
  using store = new BareStore(folder);
  for (let from = 0; from < EVENTS; from += APPENDED_AT_ONCE) store.append(eventsFrom(from));
}

function eventsFrom(from: number): readonly Uint8Array[] {
  return Array.from({ length: APPENDED_AT_ONCE }, (_, at) => numberedEvent(from + at));
}

async function drainNode(folder: string): Promise<readonly number[]> {
  const startMs = performance.now();
  const { meshNode, node } = await startNode({ name: "a", folder });
  const waiting = meshNode.status().durable?.queues[0]?.depth;
  const startedMs = performance.now() - startMs;
  if (waiting !== EVENTS) throw new Error(`${waiting} events wait, and not ${EVENTS}`);
  const queue = queueOf(node);
  const peak = new MemoryPeak();
  const sink = new CheckingSink(peak);
  const sinceMs = performance.now();
  const delivery = new Delivery({
    node: node.name,
    collector: "bench",
    queue,
    sink,
    settings: DELIVERY_DEFAULTS,
    log: node.log,
    clock: SYSTEM_CLOCK,
  });
  delivery.start();
  await sink.hadAll;
  await untilEmpty(queue);
  const drainedMs = performance.now() - sinceMs;
  await delivery.close();
  await meshNode.stop();
  return figures(startedMs, drainedMs, peak);
}

async function drainBare(folder: string): Promise<readonly number[]> {
  const startMs = performance.now();
  using store = new BareStore(folder);
  const waiting = store.count();
  const startedMs = performance.now() - startMs;
  if (waiting !== EVENTS) throw new Error(`${waiting} events wait, and not ${EVENTS}`);
  const peak = new MemoryPeak();
  const expected = new Expected();
  const sinceMs = performance.now();
  for (let after = 0; after < EVENTS; after += BATCH_EVENTS) {
    for (const { bytes } of store.read(after, BATCH_EVENTS)) {
      const { payload } = v.parse(Numbered, JSON.parse(Buffer.from(bytes).toString()));
      expected.take(payload.n);
    }
    store.remove(after + 1, after + BATCH_EVENTS);
    peak.look();
  }
  return figures(startedMs, performance.now() - sinceMs, peak);
}

const Numbered = v.object({ payload: v.object({ n: v.number() }) });

function figures(startedMs: number, drainedMs: number, peak: MemoryPeak): readonly number[] {
  return [startedMs, (EVENTS / drainedMs) * 1000, drainedMs, peak.grownBytes];
}

function queueOf(node: PluginNode): OutboxQueue {
  return node.outbox.queue("backlog", ROOMY);
}

/** What was delivered last is taken out with the next commit. */
async function untilEmpty(queue: OutboxQueue): Promise<void> {
  while (queue.status().depth > 0) await Bun.sleep(1);
}

/** Takes all at once, and sees to it that nothing is missing. */
class CheckingSink implements Sink {
  readonly where = "this process";
  readonly #peak: MemoryPeak;
  readonly #expected = new Expected();
  readonly #hadAll = Promise.withResolvers<void>();

  constructor(peak: MemoryPeak) {
    this.#peak = peak;
  }

  get hadAll(): Promise<void> {
    return this.#hadAll.promise;
  }

  async send({ events }: Parameters<Sink["send"]>[0]): ReturnType<Sink["send"]> {
    try {
      for (const { envelope } of events) this.#expected.take(envelope.payload["n"]);
    } catch (error) {
      fail(error);
    }
    this.#peak.look();
    if (this.#expected.count === EVENTS) this.#hadAll.resolve();
    return { kind: "delivered" };
  }

  async close(): Promise<void> {}
}
