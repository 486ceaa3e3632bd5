/** A game's plugin at the port of a node, whose every message is the test's. */

import * as v from "valibot";
import type { GameAdapter } from "../../../mesh/plugins/games/adapter.ts";
import { Endpoint, type EndpointLimits, RawClient } from "../../../src/index.ts";

interface Told {
  readonly type: string;
  readonly [key: string]: unknown;
}

const ToldSchema: v.GenericSchema<unknown, Told> = v.looseObject({ type: v.string() });

export class GamePlugin implements AsyncDisposable {
  readonly client: RawClient;
  readonly #told: AsyncIterator<Buffer, undefined>;

  static async dial(port: number, plugin = "game"): Promise<GamePlugin> {
    return new GamePlugin(await RawClient.connect({ host: "127.0.0.1", port, plugin }));
  }

  private constructor(client: RawClient) {
    this.client = client;
    this.#told = client[Symbol.asyncIterator]();
  }

  tell(message: object): void {
    this.client.send(JSON.stringify(message));
  }

  /** What it is told next; `undefined` at the end. */
  async next(): Promise<Told | undefined> {
    const { value } = await this.#told.next();
    return value === undefined ? undefined : v.parse(ToldSchema, JSON.parse(value.toString()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
  }
}

/** A port where the adapter's game finds its receiver, as at a node. */
export async function endpointOf(
  adapter: GameAdapter,
  limits: Partial<EndpointLimits> = {},
): Promise<{ readonly endpoint: Endpoint; readonly errors: readonly unknown[] }> {
  const errors: unknown[] = [];
  const endpoint = await Endpoint.listen({
    hostname: "127.0.0.1",
    port: 0,
    limits,
    onReceiverError: (error) => errors.push(error),
    onInternalError: (error) => errors.push(error),
  });
  const { receiver } = adapter;
  if (receiver === undefined) throw new Error("this adapter's game does not come to the node");
  endpoint.onRaw(receiver.plugin, receiver.receiver);
  return { endpoint, errors };
}
