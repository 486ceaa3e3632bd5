import type { Batch, SendResult, Sink } from "./sink.ts";
import type { SocketSender } from "./socket-sender.ts";
import { lackingAuthorities } from "./socket-trouble.ts";
import type { TcpTarget } from "./tcp-target.ts";

export interface SocketSinkOptions {
  readonly target: TcpTarget;
  readonly sender: SocketSender;
  /** A batch as it goes over the wire. */
  readonly encode: (batch: Batch) => Uint8Array;
}

/** A sink whose batches are bytes on a connection. */
export class SocketSink implements Sink {
  readonly where: string;
  readonly #caFile: string | undefined;
  readonly #sender: SocketSender;
  readonly #encode: (batch: Batch) => Uint8Array;

  constructor({ target, sender, encode }: SocketSinkOptions) {
    this.where = target.where;
    this.#caFile = target.tls?.caFile;
    this.#sender = sender;
    this.#encode = encode;
  }

  start(): void {
    this.#sender.start?.();
  }

  async send(batch: Batch, signal: AbortSignal): Promise<SendResult> {
    return await this.#sender.send(this.#encode(batch), signal);
  }

  async lacks(): Promise<readonly string[]> {
    return await lackingAuthorities(this.#caFile);
  }

  async close(): Promise<void> {
    await this.#sender.close();
  }
}
