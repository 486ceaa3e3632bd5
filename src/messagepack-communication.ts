/**
 * MessagePack values over communications, so that neither side handles bytes.
 *
 * ```ts
 * // The plugin
 * node.onRequest("score", messagePackCallback(parseKill, (kill) => ({ score: add(kill) })));
 * // Who asks
 * const { score } = await messagePackRequest(client, { by: "Alice" }, { parse: parseScore });
 * ```
 *
 * A `parse` function is given what the other side sent, which may be anything, and answers it as the
 * type it should have, or throws. Schema libraries provide such functions.
 */

import type { Address } from "./address.ts";
import { decode, encode } from "./messagepack.ts";
import type { DecodeLimits } from "./messagepack-limits.ts";
import type { RawClient } from "./raw-client.ts";
import { RawReceiver, type RequestCallback } from "./receivers.ts";
import type { RequestClient, RequestOptions } from "./request-client.ts";

/** Answers the value as the type it should have, or throws. */
export type Parse<Value> = (value: unknown) => Value;

/**
 * A request callback that is given a value and answers one. What cannot be decoded, or what `parse`
 * refuses, ends the communication with a communication error.
 */
export function messagePackCallback<Question>(
  parse: Parse<Question>,
  answer: (question: Question, address: Address) => unknown,
  limits?: Readonly<Partial<DecodeLimits>>,
): RequestCallback {
  return async (address, data) => encode(await answer(parse(decode(data, limits)), address));
}

export interface MessagePackRequestOptions<Answer> extends RequestOptions {
  readonly parse: Parse<Answer>;
  readonly limits?: Readonly<Partial<DecodeLimits>>;
}

/**
 * Asks with a value and resolves with one.
 *
 * @throws {CcpError} `bad_messagepack`, and what {@link RequestClient.request} throws; also whatever
 *   `parse` throws
 */
export async function messagePackRequest<Answer>(
  client: RequestClient,
  question: unknown,
  { parse, limits, ...options }: MessagePackRequestOptions<Answer>,
): Promise<Answer> {
  return parse(decode(await client.request(encode(question), options), limits));
}

/** A raw communication that carries values, on the side that dialled. */
export class MessagePackStream<Value> implements AsyncIterable<Value> {
  readonly #client: RawClient;
  readonly #parse: Parse<Value>;
  readonly #limits: Readonly<Partial<DecodeLimits>> | undefined;

  constructor(client: RawClient, parse: Parse<Value>, limits?: Readonly<Partial<DecodeLimits>>) {
    this.#client = client;
    this.#parse = parse;
    this.#limits = limits;
  }

  /**
   * Queues one value; see {@link RawClient.send} for the answer.
   *
   * @throws {CcpError} `bad_messagepack`, and what {@link RawClient.send} throws
   */
  send(value: unknown): boolean {
    return this.#client.send(encode(value));
  }

  /**
   * The values in the order of their arrival. One that cannot be decoded, or that `parse` refuses,
   * is thrown; the next loop goes on behind it.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<Value, void, undefined> {
    for await (const data of this.#client) {
      yield this.#parse(decode(data, this.#limits));
    }
  }
}

/** A raw communication that carries values, on the side of the plugin. */
export class MessagePackReceiver extends RawReceiver {
  /** What one value may cost. */
  readonly limits: Readonly<Partial<DecodeLimits>> = {};

  /** A value arrived, which may be anything; see {@link RawReceiver.onDataReceived}. */
  onValue(_value: unknown): void | Promise<void> {}

  /**
   * Queues one value; see {@link RawReceiver.sendData} for the answer.
   *
   * @throws {CcpError} `bad_messagepack`, and what {@link RawReceiver.sendData} throws
   */
  sendValue(value: unknown): boolean {
    return this.sendData(encode(value));
  }

  override onDataReceived(data: Buffer): void | Promise<void> {
    return this.onValue(decode(data, this.limits));
  }
}
