/**
 * Chat lines as MessagePack values from a plugin on one node to a plugin on another that reads them; against
 * what the codec alone manages at its best: one process encodes, another decodes, and the slower counts.
 */

import { Decoder, Encoder } from "@msgpack/msgpack";
import { connectBare, serveBare } from "../bare-sockets.ts";
import { CountedTopic, countOn } from "../counted-topic.ts";
import type { Contender, Measure } from "../measure.ts";
import { runOnNode, serveNode } from "../mesh-pair.ts";
import { RunClock } from "../run-clock.ts";

const CHAT_LINE = {
  channel: "global",
  player: "Sørine",
  steamId: "76561198000000001",
  team: 2,
  text: "anyone up for one more round before the map changes?",
};

export const meshValues: Measure = {
  name: "mesh-values",
  rows: [
    {
      label: "mesh-values (bare: the codec alone)",
      unit: "messages/s",
      target: { atLeast: 0.7 },
    },
  ],
  ccp: {
    serve: () =>
      serveNode((node) =>
        countOn(node, ({ kind, payload }) => (kind === "raw" ? undefined : textLength(payload))),
      ),
    run: (server) =>
      runOnNode(server, async (node) => {
        const topic = new CountedTopic(node);
        const clock = new RunClock();
        while (!clock.isOver()) {
          if (!topic.publish(CHAT_LINE)) await node.drained();
        }
        await topic.end(CHAT_LINE.text.length);
        return [clock.perSecond(topic.messages)];
      }),
  },
  bare: codecAlone(),
};

function codecAlone(): Contender {
  return {
    // Both processes work at the same time, as the two nodes do.
    serve: () =>
      serveBare((writer) => ({
        onFrame(chunk, start, end) {
          const decoder = new Decoder();
          const line = chunk.subarray(start, end);
          writer.push(Buffer.from(String(perSecond(() => textLength(decoder.decode(line))))));
          writer.flush();
        },
      })),
    async run({ port }) {
      const answer = Promise.withResolvers<string>();
      using client = await connectBare(port, () => ({
        onFrame: (chunk, start, end) => answer.resolve(chunk.toString("utf8", start, end)),
      }));
      const encoder = new Encoder();
      client.writer.push(encoder.encode(CHAT_LINE));
      client.writer.flush();
      const encoded = perSecond(() => encoder.encodeSharedRef(CHAT_LINE).length);
      return [Math.min(encoded, Number(await answer.promise))];
    },
  };
}

/** How often in a second `work` is done; its answers are used, so that it cannot be left out. */
function perSecond(work: () => number): number {
  const clock = new RunClock();
  let times = 0;
  let sum = 0;
  while (!clock.isOver()) {
    times += 1;
    sum += work();
  }
  if (sum === 0) throw new Error("nothing was encoded or decoded");
  return clock.perSecond(times);
}

/** Of the line's text, as a plugin would read it. */
function textLength(line: unknown): number {
  const isLine = typeof line === "object" && line !== null && "text" in line;
  return isLine && typeof line.text === "string" ? line.text.length : 0;
}
