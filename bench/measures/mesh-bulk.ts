/**
 * Requests of 128 bytes, one at a time, while 256 MiB go the same way over the same link in messages of 1 MiB;
 * against a bare socket, where a request stands behind all that the system has taken of the bulk.
 */

import { connectBare, serveBare } from "../bare-sockets.ts";
import { CountedTopic, countOn } from "../counted-topic.ts";
import type { Contender, Measure } from "../measure.ts";
import { runOnNode, SERVING, serveNode } from "../mesh-pair.ts";
import { microsecondsSince, p50AndP99 } from "../statistics.ts";
import { confirmTally, Tally } from "../tally.ts";

const SERVICE = "bench.echo";
const REQUEST = Buffer.alloc(128, "x");

const MESSAGES = 256;
const MESSAGE = Buffer.alloc(1024 * 1024, "x");

/** The bare sockets' frames are no longer; more of them carry as much. */
const BARE_MESSAGE = Buffer.alloc(64 * 1024, "x");
const BARE_MESSAGES = MESSAGES * (MESSAGE.length / BARE_MESSAGE.length);

const END = Buffer.alloc(0);

export const meshBulk: Measure = {
  name: "mesh-bulk",
  rows: [
    { label: "mesh-bulk, requests beside it, p50", unit: "us" },
    {
      label: "mesh-bulk, requests beside it, p99",
      unit: "us",
      target: { figureBelow: 20_000 },
    },
    { label: "mesh-bulk 1 MiB", unit: "messages/s", dataBytes: MESSAGE.length },
  ],
  ccp: {
    serve: () =>
      serveNode((node) => {
        node.serve(SERVICE, ({ bytes }) => bytes);
        countOn(node, ({ bytes }) => bytes.length || undefined);
      }),
    run: (server) =>
      runOnNode(server, async (node) => {
        const topic = new CountedTopic(node);
        const sinceMs = performance.now();
        const timesUs: number[] = [];
        const state = { isOver: false };
        const bulk = async (): Promise<void> => {
          while (topic.messages < MESSAGES) {
            if (!topic.publish(MESSAGE)) await node.drained();
          }
          await topic.end(MESSAGE.length);
          state.isOver = true;
        };
        const requests = async (): Promise<void> => {
          while (!state.isOver) {
            const sinceMs = performance.now();
            await node.request(SERVING, SERVICE, REQUEST);
            timesUs.push(microsecondsSince(sinceMs));
          }
        };
        const asking = requests();
        await bulk();
        const seconds = (performance.now() - sinceMs) / 1000;
        await asking;
        return [...p50AndP99(timesUs), MESSAGES / seconds];
      }),
  },
  bare: bare(),
};

function bare(): Contender {
  return {
    serve: () =>
      serveBare((writer) => {
        const tally = new Tally();
        return {
          onFrame(chunk, start, end) {
            const bytes = end - start;
            if (bytes === BARE_MESSAGE.length) tally.count(bytes);
            else if (bytes === REQUEST.length) writer.pushPart(chunk, start, end);
            else writer.push(Buffer.from(tally.take()));
          },
          onChunkEnd: () => writer.flush(),
        };
      }),
    async run({ port }) {
      const timesUs: number[] = [];
      const answer = Promise.withResolvers<string>();
      let isRequestDue = true;
      let dueMs = performance.now();
      using client = await connectBare(port, () => ({
        onFrame(chunk, start, end) {
          if (end - start !== REQUEST.length) {
            answer.resolve(chunk.toString("utf8", start, end));
            return;
          }
          const nowMs = performance.now();
          timesUs.push((nowMs - dueMs) * 1000);
          isRequestDue = true;
          dueMs = nowMs;
        },
      }));
      const { writer } = client;
      const sinceMs = performance.now();
      for (let messages = 0; messages < BARE_MESSAGES; messages += 1) {
        if (isRequestDue) {
          isRequestDue = false;
          writer.push(REQUEST);
        }
        if (!writer.push(BARE_MESSAGE)) await writer.drained();
      }
      writer.push(END);
      writer.flush();
      const text = await answer.promise;
      const seconds = (performance.now() - sinceMs) / 1000;
      confirmTally(text, BARE_MESSAGES, BARE_MESSAGE.length);
      return [...p50AndP99(timesUs), MESSAGES / seconds];
    },
  };
}
