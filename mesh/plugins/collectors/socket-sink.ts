import type { Batch, SendResult, Sink } from "./sink.ts";
import type { SocketSender } from "./socket-sender.ts";

export interface SocketSinkOptions {
  readonly where: string;
  readonly sender: SocketSender;
  /** A batch as it goes over the wire. */
  readonly encode: (batch: Batch) => Uint8Array;
}

/** A sink whose batches are bytes on a connection. */
export class SocketSink implements Sink {
  readonly where: string;
  readonly #sender: SocketSender;
  readonly #encode: (batch: Batch) => Uint8Array;

  constructor({ where, sender, encode }: SocketSinkOptions) {
    this.where = where;
    this.#sender = sender;
    this.#encode = encode;
  }

  async send(batch: Batch, signal: AbortSignal): Promise<SendResult> {
    return await this.#sender.send(this.#encode(batch), signal);
  }

  async close(): Promise<void> {
    await this.#sender.close();
  }
}
