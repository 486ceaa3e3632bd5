/** The serving process: `bun bench/child.ts MEASURE SIDE`, started by `ServerProcess`. */

import * as v from "valibot";
import { type ServerStatus, SIDES } from "./measure.ts";
import { MEASURES } from "./measures/index.ts";
import { LIFE_MS_MAX, type Ready, STATUS_REQUEST, type StatusRequest } from "./messages.ts";

/** Freed memory goes back to the system a while after it was freed. */
const SETTLE_MS = 300;

const [name, side] = v.parse(v.tuple([v.string(), v.picklist(SIDES)]), process.argv.slice(2));
const measure = MEASURES.find((measure) => measure.name === name);
if (measure === undefined) throw new Error(`there is no measure "${name}"`);

// The channel closes when the parent ends, however it ends.
process.on("disconnect", () => process.exit());
setTimeout(() => process.exit(1), LIFE_MS_MAX);

const service = await measure[side].serve();
process.on("message", (message: unknown) => void answer(v.parse(STATUS_REQUEST, message)));
send({ port: service.port });

async function answer({ collect }: StatusRequest): Promise<void> {
  if (collect) {
    Bun.gc(true);
    await Bun.sleep(SETTLE_MS);
    Bun.gc(true);
    await Bun.sleep(SETTLE_MS);
  }
  send({ rssBytes: process.memoryUsage.rss(), connections: service.connections() });
}

function send(message: Ready | ServerStatus): void {
  process.send?.(message);
}
