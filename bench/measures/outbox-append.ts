/**
 * Events of 200 bytes appended to the outbox, many in flight, each confirmed once it is on the disk; against bare
 * SQLite that commits the same rows in transactions of the same size.
 */

import { DEFAULT_OUTBOX_LIMITS } from "../../mesh/outbox/limits.ts";
import { Outbox } from "../../mesh/outbox/outbox.ts";
import { BareStore } from "../bare-store.ts";
import type { Contender, Measure } from "../measure.ts";
import { serveNothing } from "../no-service.ts";
import { DISK_RUN_MS, RunClock } from "../run-clock.ts";
import { ScratchFolder } from "../scratch.ts";
import { doAtOnce } from "../workers.ts";

const EVENT = new Uint8Array(200).fill(120);
const ROOMY = { bytesMax: 16 * 1024 ** 3, whenFull: "refuse" } as const;

/** What the outbox puts into one transaction. */
const IN_FLIGHT = DEFAULT_OUTBOX_LIMITS.batchEntriesMax;

/** Also what durable messages are measured against. */
export const bareAppend: Contender = {
  serve: serveNothing,
  async run() {
    using folder = new ScratchFolder();
    using store = new BareStore(folder.path);
    const rows = Array.from({ length: IN_FLIGHT }, () => EVENT);
    const sinceMs = performance.now();
    let appended = 0;
    while (performance.now() - sinceMs < DISK_RUN_MS) {
      store.append(rows);
      appended += rows.length;
    }
    return [(appended / (performance.now() - sinceMs)) * 1000];
  },
};

export const outboxAppend: Measure = {
  name: "outbox-append",
  rows: [
    {
      label: "outbox-append 200 B (bare: SQLite)",
      unit: "events/s",
      dataBytes: EVENT.length,
      target: { figureAtLeast: 50_000 },
    },
  ],
  ccp: {
    serve: serveNothing,
    async run() {
      using folder = new ScratchFolder();
      await using outbox = Outbox.open({ folder: folder.path });
      const queue = outbox.queue("bench", ROOMY);
      const clock = new RunClock(DISK_RUN_MS);
      let appended = 0;
      await doAtOnce(
        IN_FLIGHT,
        () => !clock.isOver(),
        async () => {
          await queue.append(EVENT);
          appended += 1;
        },
      );
      const perSecond = clock.perSecond(appended);
      const { depth } = queue.status();
      if (depth !== appended) throw new Error(`${appended} were confirmed, and ${depth} are there`);
      return [perSecond];
    },
  },
  bare: bareAppend,
};
