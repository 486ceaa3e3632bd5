import type { WaitingEvent } from "../sink.ts";
import type { Format, HttpMessage } from "./format.ts";
import { influxFields } from "./influx-fields.ts";
import { influxKey, influxString, measurementOf } from "./influx-text.ts";

/**
 * InfluxDB's line protocol: the type is the measurement, node and topic are tags, and the payload's scalars are fields,
 * with the event's id.
 */
export class InfluxFormat implements Format {
  readonly tokenScheme = "Token";
  readonly pathHint =
    "InfluxDB takes events at /api/v2/write?org=ORG&bucket=BUCKET, or at /write?db=DB";

  messages(events: readonly WaitingEvent[]): readonly HttpMessage[] {
    const text = events.map(lineOf).join("\n");
    return [{ text, contentType: "text/plain; charset=utf-8", events }];
  }
}

function lineOf({ seq, envelope }: WaitingEvent): string {
  const { id, node, topic, type, time, payload } = envelope;
  const fields = [`id=${influxString(id)}`, ...influxFields(payload)].join(",");
  const series = `${measurementOf(type)}${tag("node", node)}${tag("topic", topic)}`;
  return `${series} ${fields} ${timestamp(Date.parse(time), seq)}`;
}

/** Nothing where there is no value, which the protocol does not know. */
function tag(name: string, value: string): string {
  const text = influxKey(value);
  return text === "" ? "" : `,${name}=${text}`;
}

/**
 * A point replaces another one of its series and time. The event's number keeps those of one millisecond apart, and is
 * the same when it is sent again.
 */
function timestamp(timeMs: number, seq: number): string {
  return String(BigInt(timeMs) * 1_000_000n + BigInt(seq % 1_000_000));
}
