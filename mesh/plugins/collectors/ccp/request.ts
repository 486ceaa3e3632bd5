import { encode } from "../../../index.ts";
import type { Batch } from "../sink.ts";
import type { Format } from "./answer.ts";

/** Whose the batch is: together with `key` that tells it apart from all others. */
export interface Sender {
  readonly collector: string;
  readonly node: string;
}

/** A batch as the application gets it: `{collector, node, key, events}`. */
export function requestOf({ key, events }: Batch, sender: Sender, format: Format): Uint8Array {
  const { collector, node } = sender;
  if (format === "msgpack") {
    return encode({ collector, node, key, events: events.map(({ envelope }) => envelope) });
  }
  // The events are JSON already.
  const head = JSON.stringify({ collector, node, key }).slice(0, -1);
  return Buffer.from(`${head},"events":[${events.map(({ json }) => json).join(",")}]}`);
}
