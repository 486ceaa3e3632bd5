/**
 * Messages of 128 bytes from a plugin on one node to a plugin on another, over TLS, as fast as they go; against
 * bare sockets without TLS.
 */

import { CountedTopic, countOn } from "../counted-topic.ts";
import type { Measure } from "../measure.ts";
import { runOnNode, serveNode } from "../mesh-pair.ts";
import { RunClock } from "../run-clock.ts";
import { bareOneWay } from "./one-way.ts";

const DATA = Buffer.alloc(128, "x");

export const meshPublish: Measure = {
  name: "mesh-publish",
  rows: [
    {
      label: "mesh-publish 128 B",
      unit: "messages/s",
      dataBytes: DATA.length,
      target: { atLeast: 0.15 },
    },
  ],
  ccp: {
    serve: () => serveNode((node) => countOn(node, ({ bytes }) => bytes.length || undefined)),
    run: (server) =>
      runOnNode(server, async (node) => {
        const topic = new CountedTopic(node);
        const clock = new RunClock();
        while (!clock.isOver()) {
          if (!topic.publish(DATA)) await node.drained();
        }
        await topic.end(DATA.length);
        return [clock.perSecond(topic.messages)];
      }),
  },
  bare: bareOneWay(DATA),
};
