/** One event of 200 bytes at a time until it is on the disk; against bare SQLite that commits the same row. */

import { Outbox } from "../../mesh/outbox/outbox.ts";
import { BareStore } from "../bare-store.ts";
import type { Measure } from "../measure.ts";
import { serveNothing } from "../no-service.ts";
import { ScratchFolder } from "../scratch.ts";
import { microsecondsSince, p50AndP99 } from "../statistics.ts";

const EVENT = new Uint8Array(200).fill(120);
const ROOMY = { bytesMax: 1024 ** 3, whenFull: "refuse" } as const;
const COMMITS = 500;

export const outboxCommit: Measure = {
  name: "outbox-commit",
  rows: [
    {
      label: "outbox-commit 200 B, p50 (bare: SQLite)",
      unit: "us",
      target: { atMost: 2 },
    },
    { label: "outbox-commit 200 B, p99 (bare: SQLite)", unit: "us" },
  ],
  ccp: {
    serve: serveNothing,
    async run() {
      using folder = new ScratchFolder();
      await using outbox = Outbox.open({ folder: folder.path });
      const queue = outbox.queue("bench", ROOMY);
      return await commitTimes(() => queue.append(EVENT));
    },
  },
  bare: {
    serve: serveNothing,
    async run() {
      using folder = new ScratchFolder();
      using store = new BareStore(folder.path);
      const rows = [EVENT];
      return await commitTimes(() => store.append(rows));
    },
  },
};

async function commitTimes(commit: () => unknown): Promise<readonly number[]> {
  const timesUs: number[] = [];
  for (let done = 0; done < COMMITS; done += 1) {
    const sinceMs = performance.now();
    await commit();
    timesUs.push(microsecondsSince(sinceMs));
  }
  return p50AndP99(timesUs);
}
