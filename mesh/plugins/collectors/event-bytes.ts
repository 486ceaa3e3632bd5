/** A message that was published, as an event in an outbox: the JSON of an envelope. */

import * as v from "valibot";
import { jsonOf, newEnvelope } from "../../index.ts";

/** What has this form is an envelope already; whoever published it has made it. */
const Enveloped = v.looseObject({
  v: v.number(),
  id: v.string(),
  topic: v.string(),
  node: v.string(),
  time: v.pipe(
    v.string(),
    v.check((time) => !Number.isNaN(Date.parse(time))),
  ),
  type: v.string(),
  payload: v.record(v.string(), v.unknown()),
});

const ENCODER: TextEncoder = new TextEncoder();

/** Anything else becomes the payload of a new one, whose type is the topic. */
export function eventBytes(node: string, topic: string, payload: unknown): Uint8Array {
  const envelope = v.is(Enveloped, payload)
    ? payload
    : newEnvelope({ topic, node, type: topic, payload: payloadOf(payload) });
  return ENCODER.encode(JSON.stringify(jsonOf(envelope)));
}

function payloadOf(payload: unknown): Readonly<Record<string, unknown>> {
  return isMap(payload) ? payload : { value: payload };
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  const isObject = typeof value === "object" && value !== null;
  return isObject && Object.getPrototypeOf(value) === Object.prototype;
}
