/** One request at a time from a plugin on one node to a plugin on another, over TLS; against bare sockets without. */

import type { Measure } from "../measure.ts";
import { runOnNode, SERVING, serveNode } from "../mesh-pair.ts";
import { RunClock } from "../run-clock.ts";
import { microsecondsSince, p50AndP99 } from "../statistics.ts";
import { bareRoundTrip } from "./round-trip.ts";

const SERVICE = "bench.echo";
const DATA = Buffer.alloc(128, "x");

export const meshRoundTrip: Measure = {
  name: "mesh-round-trip",
  rows: [
    { label: "mesh-round-trip 128 B, p50", unit: "us", target: { atMost: 2 } },
    { label: "mesh-round-trip 128 B, p99", unit: "us" },
  ],
  ccp: {
    serve: () => serveNode((node) => void node.serve(SERVICE, ({ bytes }) => bytes)),
    run: (server) =>
      runOnNode(server, async (node) => {
        const timesUs: number[] = [];
        const clock = new RunClock();
        while (!clock.isOver()) {
          const sinceMs = performance.now();
          await node.request(SERVING, SERVICE, DATA);
          timesUs.push(microsecondsSince(sinceMs));
        }
        return p50AndP99(timesUs);
      }),
  },
  bare: bareRoundTrip,
};
