/**
 * The dialling side of a raw communication, in the style of promises.
 *
 * ```ts
 * import { RawClient } from "ccp-mesh/ccp";
 *
 * const console = await RawClient.connect({ host: "127.0.0.1", port: 28080, plugin: "console" });
 * console.send("hello");
 * for await (const data of console) process.stdout.write(data);
 * ```
 */

import { dialAccepted } from "./accepted-call.ts";
import type { Call, DialOptions } from "./dial.ts";
import type { CcpError } from "./errors.ts";
import { Fifo } from "./fifo.ts";
import { DEFAULT_CLIENT_LIMITS, withLimits } from "./limits.ts";

/** What a waiting message is taken to cost beside its bytes, so that empty ones are bounded too. */
const ENTRY_BYTES = 64;

/** How a communication is over: with an error, or as it should. */
interface Over {
  readonly error: CcpError | undefined;
}

export class RawClient implements AsyncIterable<Buffer> {
  readonly #highWaterBytes: number;
  readonly #received = new Fifo<Buffer>();
  readonly #readers = new Fifo<PromiseWithResolvers<IteratorResult<Buffer, undefined>>>();
  readonly #whenOver: PromiseWithResolvers<CcpError | undefined> = Promise.withResolvers();
  #receivedBytes = 0;
  #over: Over | undefined;
  #call: Call | undefined;

  /**
   * Dials and waits for the acceptance.
   *
   * @throws {CcpError} `connection_refused`, `host_not_found`, `connect_timeout`, `connect_failed`,
   *   `tls_failed`, `accept_timeout`, `nobody_home`, `communication_error`, `protocol_error`,
   *   `connection_aborted`, `cancelled`, `invalid_option`
   */
  static async connect(options: DialOptions): Promise<RawClient> {
    const client = new RawClient(options);
    client.#call = await dialAccepted(
      { ...options, mode: "raw" },
      {
        onData: (data) => client.#onData(data),
        onOver: (error) => client.#onOver(error),
      },
    );
    if (client.#isFull()) client.#call.pause();
    return client;
  }

  private constructor(options: DialOptions) {
    this.#highWaterBytes = withLimits(DEFAULT_CLIENT_LIMITS, options.limits).receiveHighWaterBytes;
  }

  /** Resolves when the communication is over: with the error, or `undefined` if it simply ended. */
  get over(): Promise<CcpError | undefined> {
    return this.#whenOver.promise;
  }

  /**
   * Queues one message. Answers `false` when so much is queued that a sender of much should wait
   * for {@link drained}; the message is queued all the same.
   *
   * @throws {CcpError} `communication_ended`, `send_queue_full`, `bad_data`, `message_too_large`
   */
  send(data: Uint8Array | string): boolean {
    return this.#call?.send(data) ?? false;
  }

  /** Resolves once there is room to send again, or the communication is over. */
  async drained(): Promise<void> {
    await this.#call?.drained();
  }

  /** Ends the communication and resolves once the connection is closed. */
  async close(): Promise<void> {
    this.#call?.stop();
    await this.#call?.closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /**
   * The messages in the order of their arrival. Ends when the communication does, and throws a
   * {@link CcpError} when that was by an error. Leaving the loop ends nothing: what arrives waits,
   * up to `receiveHighWaterBytes`, for the next one.
   */
  [Symbol.asyncIterator](): AsyncIterator<Buffer, undefined> {
    return { next: () => this.#next() };
  }

  #next(): Promise<IteratorResult<Buffer, undefined>> {
    const data = this.#received.shift();
    if (data !== undefined) {
      const wasFull = this.#isFull();
      this.#receivedBytes -= data.length + ENTRY_BYTES;
      if (wasFull && !this.#isFull()) this.#call?.resume();
      return Promise.resolve({ done: false, value: data });
    }
    if (this.#over === undefined) {
      const reader = Promise.withResolvers<IteratorResult<Buffer, undefined>>();
      this.#readers.push(reader);
      return reader.promise;
    }
    if (this.#over.error !== undefined) return Promise.reject(this.#over.error);
    return Promise.resolve({ done: true, value: undefined });
  }

  #onData(data: Buffer): void {
    const reader = this.#readers.shift();
    if (reader !== undefined) {
      reader.resolve({ done: false, value: data });
      return;
    }
    this.#received.push(data);
    this.#receivedBytes += data.length + ENTRY_BYTES;
    if (this.#isFull()) this.#call?.pause();
  }

  #onOver(error: CcpError | undefined): void {
    this.#over = { error };
    for (const reader of this.#readers) {
      if (error === undefined) reader.resolve({ done: true, value: undefined });
      else reader.reject(error);
    }
    this.#readers.clear();
    this.#whenOver.resolve(error);
  }

  #isFull(): boolean {
    return this.#receivedBytes >= this.#highWaterBytes;
  }
}
