/**
 * Events from a plugin through the outbox of its node and a collector to a web server in another process; against
 * requests with as many events each, one after the other, without an outbox.
 */

import { newEnvelope, type PluginNode } from "../../mesh/index.ts";
import { DELIVERY_DEFAULTS } from "../../mesh/plugins/collectors/limits.ts";
import { startNode } from "../bench-node.ts";
import { serveReceiver, untilReceived } from "../event-receiver.ts";
import type { Measure } from "../measure.ts";
import { ScratchFolder } from "../scratch.ts";
import { doAtOnce } from "../workers.ts";

const TOPIC = "bench.event";
const PAYLOAD = { player: "Sørine", map: "surf_utopia", seconds: 61.25 };

/** Some seconds of a collector's work, in whole batches, so that the last one waits for nothing. */
const EVENTS = 120 * DELIVERY_DEFAULTS.batchEvents;

/** Durable publishes that are not confirmed yet. */
const IN_FLIGHT = 4096;

export const collectorHttp: Measure = {
  name: "collector-http",
  rows: [
    {
      label: "collector-http (bare: fetch, no outbox)",
      unit: "events/s",
      target: { figureAtLeast: 30_000 },
    },
  ],
  ccp: {
    serve: serveReceiver,
    async run(server) {
      using folder = new ScratchFolder();
      const { meshNode, node } = await startNode({
        name: "a",
        folder: folder.path,
        sections: `[collector:bench]\ntopics = bench.>\nurl = http://127.0.0.1:${server.port}/`,
      });
      try {
        return [
          await perSecond(async () => {
            await publishAll(node);
            await untilReceived(server, EVENTS);
          }),
        ];
      } finally {
        await meshNode.stop();
      }
    },
  },
  bare: {
    serve: serveReceiver,
    async run(server) {
      return [
        await perSecond(async () => {
          const { batchEvents } = DELIVERY_DEFAULTS;
          for (let sent = 0; sent < EVENTS; sent += batchEvents) {
            await post(server.port, batchEvents);
          }
          await untilReceived(server, EVENTS);
        }),
      ];
    },
  },
};

async function perSecond(sendAll: () => Promise<void>): Promise<number> {
  const sinceMs = performance.now();
  await sendAll();
  return (EVENTS / (performance.now() - sinceMs)) * 1000;
}

async function publishAll(node: PluginNode): Promise<void> {
  let left = EVENTS;
  const next = (): boolean => {
    left -= 1;
    return left >= 0;
  };
  await doAtOnce(IN_FLIGHT, next, () => node.publish(TOPIC, PAYLOAD, { durable: true }));
}

async function post(port: number, events: number): Promise<void> {
  const event = { topic: TOPIC, node: "a", type: TOPIC, payload: PAYLOAD };
  const body = JSON.stringify(Array.from({ length: events }, () => newEnvelope(event)));
  const response = await fetch(`http://127.0.0.1:${port}/`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  if (!response.ok) throw new Error(`the receiver answered ${response.status}`);
}
