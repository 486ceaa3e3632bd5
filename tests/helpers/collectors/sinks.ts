import type { Envelope } from "../../../mesh/envelope.ts";
import type {
  Batch,
  SendResult,
  Sink,
  SinkKind,
  WaitingEvent,
} from "../../../mesh/plugins/collectors/sink.ts";
import { SettingsReader, type WrittenSettings } from "../../../mesh/settings-reader.ts";

/** What a section describes, and what is wrong with it. */
export function readSink(
  kind: SinkKind,
  url: string,
  written: WrittenSettings = {},
): { readonly sink: Sink; readonly problems: readonly string[] } {
  const settings = new SettingsReader(written);
  const sink = kind.create({ collector: "logs", node: "surf", url: new URL(url), settings });
  settings.refuseUnknown("[collector:logs]");
  return { sink, problems: settings.problems.map(({ key, text }) => `${key} ${text}`) };
}

/** As {@link readSink}, of a section that must be right. */
export function sinkOf(kind: SinkKind, url: string, written: WrittenSettings = {}): Sink {
  const { sink, problems } = readSink(kind, url, written);
  if (problems.length > 0) throw new Error(problems.join("\n"));
  return sink;
}

export function eventOf(seq: number, changes: Partial<Envelope> = {}): WaitingEvent {
  const envelope: Envelope = {
    v: 1,
    id: `id-${seq}`,
    topic: "game.dust.chat",
    node: "dust",
    time: "2026-11-22T07:11:12.123Z",
    type: "chat",
    payload: { text: `line ${seq}` },
    ...changes,
  };
  return { seq, envelope, json: JSON.stringify(envelope) };
}

/** The events of these numbers. */
export function batchOf(...seqs: readonly number[]): Batch {
  return { key: seqs.join("-"), events: seqs.map((seq) => eventOf(seq)) };
}

/** Sends it, and nobody gives up. */
export function send(sink: Sink, batch: Batch): Promise<SendResult> {
  return sink.send(batch, new AbortController().signal);
}

/** Sends until it is delivered, as a delivery does. Answers how often it took. */
export async function deliver(sink: Sink, batch: Batch): Promise<number> {
  for (let tries = 1; tries <= 200; tries++) {
    const result = await send(sink, batch);
    if (result.kind === "delivered") return tries;
    if (result.kind === "refused") throw new Error(result.text);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error("it was never delivered");
}

/** The ids of lines of JSON, as they stand there. */
export function idsOf(lines: readonly string[]): string[] {
  return lines.map((line) => {
    const event: unknown = JSON.parse(line);
    if (typeof event !== "object" || event === null || !("id" in event)) throw new Error(line);
    return String(event.id);
  });
}

/** Each once, where it first stood. */
export function withoutRepeats(items: readonly string[]): string[] {
  return [...new Set(items)];
}
