/** A message that was published, as an event in an outbox: the JSON of an envelope. */

import { isEnvelope, jsonOf, newEnvelope } from "../../index.ts";

const ENCODER: TextEncoder = new TextEncoder();

/**
 * What is an envelope already stays as it is; whoever published it has made it. Anything else becomes the payload of a
 * new one, whose type is the topic. Judged as JSON, because that is what the delivery reads.
 */
export function eventBytes(node: string, topic: string, payload: unknown): Uint8Array {
  const json = jsonOf(payload);
  const envelope = isEnvelope(json)
    ? json
    : newEnvelope({ topic, node, type: topic, payload: payloadOf(payload, json) });
  return ENCODER.encode(JSON.stringify(envelope));
}

/** In JSON alone, a map and what only becomes an object there, such as bytes, look the same. */
function payloadOf(payload: unknown, json: unknown): Readonly<Record<string, unknown>> {
  return isMap(payload) && isMap(json) ? json : { value: json };
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
