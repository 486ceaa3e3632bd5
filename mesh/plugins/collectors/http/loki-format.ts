import type { WaitingEvent } from "../sink.ts";
import type { Format, HttpMessage } from "./format.ts";

interface Entry {
  readonly timeMs: number;
  readonly json: string;
}

interface Stream {
  readonly labels: string;
  readonly entries: Entry[];
}

/**
 * Loki's push API. A stream for each node, type and topic, whose lines are envelopes. The same line at the same time is
 * one for Loki, so that what is sent again is there once.
 */
export class LokiFormat implements Format {
  readonly tokenScheme = "Bearer";
  readonly pathHint = "Loki takes events at /loki/api/v1/push";

  messages(events: readonly WaitingEvent[]): readonly HttpMessage[] {
    const streams = new Map<string, Stream>();
    for (const { envelope, json } of events) {
      const { node, type, topic } = envelope;
      const labels = JSON.stringify({ node, type, topic });
      const stream = streams.get(labels) ?? { labels, entries: [] };
      stream.entries.push({ timeMs: Date.parse(envelope.time), json });
      streams.set(labels, stream);
    }
    const text = `{"streams":[${[...streams.values()].map(streamText).join(",")}]}`;
    return [{ text, contentType: "application/json", events }];
  }
}

function streamText({ labels, entries }: Stream): string {
  const inOrder = entries.toSorted((one, other) => one.timeMs - other.timeMs);
  const values = inOrder.map(({ timeMs, json }) => {
    return `["${nanoseconds(timeMs)}",${JSON.stringify(json)}]`;
  });
  return `{"stream":${labels},"values":[${values.join(",")}]}`;
}

function nanoseconds(ms: number): string {
  return String(BigInt(ms) * 1_000_000n);
}
