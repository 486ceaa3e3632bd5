/** `tcp://host:port` and `tls://host:port`: each event a line of JSON. */

import { readTrustingSender } from "../read-sender.ts";
import { readSendTimeout } from "../send-timeout.ts";
import type { Batch, Sink, SinkKind, SinkOptions } from "../sink.ts";
import type { SocketSender } from "../socket-sender.ts";
import { SocketSink } from "../socket-sink.ts";
import { readTcpTarget, type TcpTarget } from "../tcp-target.ts";
import { AnsweringSender } from "./answering-sender.ts";

export const STREAM_SINK: SinkKind = {
  schemes: ["tcp", "tls"],
  examples: ["tls://host:6000"],
  create: createStream,
};

type Ack = "none" | "line";

function createStream(options: SinkOptions): Sink {
  const { url, settings } = options;
  const target = readTcpTarget(url, settings, { tlsScheme: "tls" });
  const ack = settings.choice<Ack>("ack", ["none", "line"], "none");
  return new SocketSink({
    target,
    sender: readSender(ack, target, options),
    encode: ack === "line" ? encodeAnswered : encodeLines,
  });
}

function readSender(ack: Ack, target: TcpTarget, options: SinkOptions): SocketSender {
  const { settings } = options;
  if (ack === "none") return readTrustingSender(target, options, "lines");
  if (settings.has("resend_ms")) {
    settings.problem("resend_ms", "is for ack = none; with ack = line nothing need be guessed");
  }
  // Asked for, so that it is known.
  settings.optional("resend_ms");
  return new AnsweringSender({ target, timeoutMs: readSendTimeout(settings) });
}

function encodeLines({ events }: Batch): Uint8Array {
  return Buffer.from(events.map(({ json }) => `${json}\n`).join(""));
}

/** An empty line says that the batch is complete, and an answer is due. */
function encodeAnswered({ events }: Batch): Uint8Array {
  return Buffer.from(`${events.map(({ json }) => `${json}\n`).join("")}\n`);
}
