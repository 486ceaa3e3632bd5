/** Requests of 128 bytes over one connection, a number of them always on their way. */

import { RequestClient } from "../../src/index.ts";
import { connectBare } from "../bare-sockets.ts";
import { PLUGIN } from "../ccp-endpoint.ts";
import { serveBareEcho, serveCcpEcho } from "../echo.ts";
import type { Contender, Measure, Target } from "../measure.ts";
import { RunClock } from "../run-clock.ts";

const DATA = Buffer.alloc(128, "x");

interface Options {
  readonly requests: number;
  readonly target?: Target;
}

export function inFlight({ requests, target }: Options): Measure {
  const name = `${requests} in flight`;
  return {
    name,
    rows: [{ label: `${name}, 128 B`, unit: "requests/s", ...(target && { target }) }],
    ccp: ccp(requests),
    bare: bare(requests),
  };
}

function ccp(requests: number): Contender {
  return {
    serve: serveCcpEcho,
    async run({ port }) {
      await using client = await RequestClient.connect({ host: "127.0.0.1", port, plugin: PLUGIN });
      const clock = new RunClock();
      let replies = 0;
      const keepAsking = async (): Promise<void> => {
        while (!clock.isOver()) {
          await client.request(DATA);
          replies += 1;
        }
      };
      await Promise.all(Array.from({ length: requests }, keepAsking));
      return [clock.perSecond(replies)];
    },
  };
}

function bare(requests: number): Contender {
  return {
    serve: serveBareEcho,
    async run({ port }) {
      const done = Promise.withResolvers<void>();
      let replies = 0;
      let waiting = requests;
      using client = await connectBare(port, (writer) => ({
        onFrame() {
          replies += 1;
          if (!clock.isOver()) writer.push(DATA);
          else if (--waiting === 0) done.resolve();
        },
        onChunkEnd: () => writer.flush(),
      }));
      const clock = new RunClock();
      for (let i = 0; i < requests; i += 1) client.writer.push(DATA);
      client.writer.flush();
      await done.promise;
      return [clock.perSecond(replies)];
    },
  };
}
