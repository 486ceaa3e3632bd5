/**
 * Appends as fast as it can, to two queues and a record at once, and says what was confirmed, until it is killed:
 * `bun killed-writer.ts FOLDER`. Each line is a number of both queues and the count that was appended with it.
 */

import { writeSync } from "node:fs";
import { Outbox } from "../../../mesh/outbox/outbox.ts";

const IN_FLIGHT = 50;
const STANDARD_OUTPUT = 1;

const [folder = ""] = process.argv.slice(2);
const outbox = Outbox.open({ folder, limits: { reserveBytes: 65_536 } });
const options = { bytesMax: 1_000_000_000, whenFull: "refuse" } as const;
const queues = [outbox.queue("a", options), outbox.queue("b", options)];
let count = Number(outbox.records.get("count") ?? 0);

async function write(): Promise<never> {
  for (;;) {
    count += 1;
    const own = count;
    const bytes = new TextEncoder().encode(`${own} ${"x".repeat(own % 700)}`);
    const entries = queues.map((queue) => ({ queue, bytes }));
    const [a, b] = await outbox.append(entries, [{ key: "count", value: `${own}` }]);
    writeSync(STANDARD_OUTPUT, `${a} ${b} ${own}\n`);
    // Something is taken out all the time, too; never the last, so that there is something to look at.
    if (a !== undefined && a % 10 === 0) for (const queue of queues) queue.remove([a - 5]);
  }
}

await Promise.all(Array.from({ length: IN_FLIGHT }, write));
