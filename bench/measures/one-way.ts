/**
 * Messages from the client to the server, as fast as they go. The run ends with an empty message,
 * to which the server answers how many messages and bytes came before it.
 */

import { RawClient, RawReceiver } from "../../src/index.ts";
import { connectBare, serveBare } from "../bare-sockets.ts";
import { PLUGIN, serveCcp } from "../ccp-endpoint.ts";
import type { Contender, Measure, Target } from "../measure.ts";
import { RunClock } from "../run-clock.ts";
import { confirmTally, Tally } from "../tally.ts";

interface Options {
  readonly dataBytes: number;
  readonly label: string;
  readonly target?: Target;
}

export function oneWay({ dataBytes, label, target }: Options): Measure {
  const name = `one-way ${label}`;
  const data = Buffer.alloc(dataBytes, "x");
  return {
    name,
    rows: [{ label: name, unit: "messages/s", dataBytes, ...(target && { target }) }],
    ccp: ccp(data),
    bare: bareOneWay(data),
  };
}

const END = Buffer.alloc(0);

class TallyReceiver extends RawReceiver {
  readonly #tally = new Tally();

  override onDataReceived(data: Buffer): void {
    if (data.length > 0) this.#tally.count(data.length);
    else this.sendData(this.#tally.take());
  }
}

function ccp(data: Buffer): Contender {
  return {
    serve: () => serveCcp((endpoint) => endpoint.onRaw(PLUGIN, TallyReceiver)),
    async run({ port }) {
      await using client = await RawClient.connect({ host: "127.0.0.1", port, plugin: PLUGIN });
      const clock = new RunClock();
      let messages = 0;
      while (!clock.isOver()) {
        messages += 1;
        if (!client.send(data)) await client.drained();
      }
      client.send(END);
      for await (const answer of client) {
        const perSecond = clock.perSecond(messages);
        confirmTally(answer.toString(), messages, data.length);
        return [perSecond];
      }
      throw new Error("the server did not confirm what it received");
    },
  };
}

/** Also what the mesh is measured against. */
export function bareOneWay(data: Buffer): Contender {
  return {
    serve: () =>
      serveBare((writer) => {
        const tally = new Tally();
        return {
          onFrame(_chunk, start, end) {
            if (end > start) {
              tally.count(end - start);
            } else {
              writer.push(Buffer.from(tally.take()));
              writer.flush();
            }
          },
        };
      }),
    async run({ port }) {
      const answer = Promise.withResolvers<string>();
      using client = await connectBare(port, () => ({
        onFrame: (chunk, start, end) => answer.resolve(chunk.toString("utf8", start, end)),
      }));
      const { writer } = client;
      const clock = new RunClock();
      let messages = 0;
      while (!clock.isOver()) {
        messages += 1;
        if (!writer.push(data)) await writer.drained();
      }
      writer.push(END);
      writer.flush();
      const text = await answer.promise;
      const perSecond = clock.perSecond(messages);
      confirmTally(text, messages, data.length);
      return [perSecond];
    },
  };
}
