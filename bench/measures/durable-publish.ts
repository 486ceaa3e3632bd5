/**
 * Durable messages of 200 bytes from a plugin on one node, many in flight, until a handler on another node has had
 * them all, over TLS; against bare SQLite that commits the same rows once. Each message is written to the disk of
 * both nodes, and taken out again.
 */

import type { PluginNode } from "../../mesh/index.ts";
import type { Measure } from "../measure.ts";
import { runOnNode, SERVING, serveNode } from "../mesh-pair.ts";
import { confirmTally, Tally } from "../tally.ts";
import { doAtOnce } from "../workers.ts";
import { bareAppend } from "./outbox-append.ts";

const TOPIC = "bench.durable";
const GREETED = "bench.greeted";
const TALLY = "bench.tally";
const DATA = Buffer.alloc(200, "x");
/** Told from data by their lengths, as a greeting is. */
const END = Buffer.from("end");
const GREETING_LENGTH = 36;

const MESSAGES = 30_000;
const IN_FLIGHT = 4096;

/** Longer than what waits takes to arrive. */
const TALLY_TIMEOUT_MS = 20_000;
const GREETED_EVERY_MS = 10;

export const durablePublish: Measure = {
  name: "durable-publish",
  rows: [
    {
      label: "durable-publish 200 B (bare: SQLite)",
      unit: "events/s",
      dataBytes: DATA.length,
    },
  ],
  ccp: {
    serve: () => serveNode(handle),
    run: (server) =>
      runOnNode(server, async (node) => {
        await untilWanted(node);
        const sinceMs = performance.now();
        let left = MESSAGES;
        const next = (): boolean => {
          left -= 1;
          return left >= 0;
        };
        await doAtOnce(IN_FLIGHT, next, () => node.publish(TOPIC, DATA, { durable: true }));
        await node.publish(TOPIC, END, { durable: true });
        const options = { timeoutMs: TALLY_TIMEOUT_MS };
        const text = await node.request(SERVING, TALLY, null, options);
        const seconds = (performance.now() - sinceMs) / 1000;
        confirmTally(String(text), MESSAGES, DATA.length);
        return [MESSAGES / seconds];
      }),
  },
  bare: bareAppend,
};

/** On node `b`. */
async function handle(node: PluginNode): Promise<void> {
  const tally = new Tally();
  let greeting = "";
  let ended = Promise.withResolvers<string>();
  await node.consume("bench", TOPIC, ({ bytes }) => {
    if (bytes.length === GREETING_LENGTH) greeting = bytes.toString();
    else if (bytes.length === END.length) ended.resolve(tally.take());
    else tally.count(bytes.length);
  });
  node.serve(GREETED, () => greeting);
  node.serve(TALLY, async () => {
    const text = await ended.promise;
    ended = Promise.withResolvers();
    return text;
  });
}

/** What is published before node `a` knows what node `b` wants is kept for nobody. */
async function untilWanted(node: PluginNode): Promise<void> {
  const greeting = crypto.randomUUID();
  do {
    await node.publish(TOPIC, Buffer.from(greeting), { durable: true });
    await Bun.sleep(GREETED_EVERY_MS);
  } while ((await node.request(SERVING, GREETED, null)) !== greeting);
}
