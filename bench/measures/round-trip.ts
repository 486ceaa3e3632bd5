/** One request at a time: how long its reply takes. */

import { RequestClient } from "../../src/index.ts";
import { connectBare } from "../bare-sockets.ts";
import { PLUGIN } from "../ccp-endpoint.ts";
import { serveBareEcho, serveCcpEcho } from "../echo.ts";
import type { Contender, Measure } from "../measure.ts";
import { RunClock } from "../run-clock.ts";
import { microsecondsSince, p50AndP99 } from "../statistics.ts";

const DATA = Buffer.alloc(128, "x");

/** Also what the mesh is measured against. */
export const bareRoundTrip: Contender = {
  serve: serveBareEcho,
  async run({ port }) {
    const timesUs: number[] = [];
    const done = Promise.withResolvers<void>();
    let sinceMs = 0;
    using client = await connectBare(port, () => ({
      onFrame() {
        timesUs.push(microsecondsSince(sinceMs));
        if (clock.isOver()) done.resolve();
        else request();
      },
    }));
    const request = (): void => {
      sinceMs = performance.now();
      client.writer.push(DATA);
      client.writer.flush();
    };
    const clock = new RunClock();
    request();
    await done.promise;
    return p50AndP99(timesUs);
  },
};

export const roundTrip: Measure = {
  name: "round trip",
  rows: [
    { label: "round trip 128 B, p50", unit: "us", target: { atMost: 1.15 } },
    { label: "round trip 128 B, p99", unit: "us" },
  ],
  ccp: {
    serve: serveCcpEcho,
    async run({ port }) {
      await using client = await RequestClient.connect({ host: "127.0.0.1", port, plugin: PLUGIN });
      const timesUs: number[] = [];
      const clock = new RunClock();
      while (!clock.isOver()) {
        const sinceMs = performance.now();
        await client.request(DATA);
        timesUs.push(microsecondsSince(sinceMs));
      }
      return p50AndP99(timesUs);
    },
  },
  bare: bareRoundTrip,
};
