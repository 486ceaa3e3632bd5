/**
 * Delivers what waits in a queue to a receiver that takes all, and says what it keeps in memory meanwhile:
 * `bun drain-main.ts FOLDER QUEUE nothing|events`. A line of JSON after so many events, and one more at the end. With
 * `events` it leaks: none that was delivered is let go of.
 */

import { heapStats } from "bun:jsc";
import { SYSTEM_CLOCK } from "../../../mesh/index.ts";
import { Outbox } from "../../../mesh/outbox/outbox.ts";
import { Delivery } from "../../../mesh/plugins/collectors/delivery.ts";
import { DELIVERY_DEFAULTS } from "../../../mesh/plugins/collectors/limits.ts";
import type { Sink, WaitingEvent } from "../../../mesh/plugins/collectors/sink.ts";
import { silentLogger } from "../silent-logger.ts";

const LOOK_EVERY = 5000;

const [folder = "", name = "", keeps = ""] = process.argv.slice(2);
const outbox = Outbox.open({ folder, limits: { reserveBytes: 0 } });
const queue = outbox.queue(name, { bytesMax: 1_000_000_000, whenFull: "refuse" });
const total = queue.status().depth;
const kept: WaitingEvent[] = [];
const hadAll = Promise.withResolvers<void>();
let delivered = 0;

Bun.gc(true);
const atFirstBytes = process.memoryUsage.rss();
let peakBytes = 0;

function take(event: WaitingEvent): void {
  const { n } = event.envelope.payload;
  if (n !== delivered) throw new Error(`event ${String(n)} came where ${delivered} was due`);
  delivered += 1;
  if (keeps === "events") kept.push(event);
}

function look(): void {
  Bun.gc(true);
  const { heapSize, extraMemorySize, objectCount, objectTypeCounts } = heapStats();
  say({
    heapBytes: heapSize,
    extraBytes: extraMemorySize,
    objects: objectCount,
    types: objectTypeCounts,
    residentBytes: process.memoryUsage.rss(),
  });
}

function say(line: unknown): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

const sink: Sink = {
  where: "this process",
  async send({ events }) {
    peakBytes = Math.max(peakBytes, process.memoryUsage.rss() - atFirstBytes);
    try {
      for (const event of events) take(event);
    } catch (error) {
      hadAll.reject(error);
    }
    if (delivered % LOOK_EVERY === 0) look();
    if (delivered === total) hadAll.resolve();
    return { kind: "delivered" };
  },
  close: async () => {},
};

const delivery = new Delivery({
  node: "surf",
  collector: "web",
  queue,
  sink,
  settings: DELIVERY_DEFAULTS,
  log: silentLogger,
  clock: SYSTEM_CLOCK,
});
delivery.start();
await hadAll.promise;
await delivery.close();
await outbox.flush();
say({ delivered, left: queue.status().depth, peakBytes });
await outbox.close();
