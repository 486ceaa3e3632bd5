import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { Batch, SendResult, Sink, SinkKind, WaitingEvent } from "../sink.ts";
import { lackingAuthorities, readAuthorities, SocketError } from "../socket-trouble.ts";
import { type Answer, resultOf } from "./answers.ts";
import { failureText } from "./failures.ts";
import type { HttpMessage } from "./format.ts";
import { DISCORD_SENT_MAX, DISCORD_WAIT_MS_MAX, GZIP_BYTES_MIN } from "./limits.ts";
import { readAnswer } from "./read-answer.ts";
import { SentEvents } from "./sent-events.ts";
import { type HttpSettings, readHttpSettings } from "./settings.ts";
import { signatureHeaders } from "./signature.ts";

const compressed = promisify(gzip);

/** `http://` and `https://`. */
export const HTTP_SINK: SinkKind = {
  schemes: ["http", "https"],
  examples: ["https://host/", "https://discord.com/"],
  create: (options) => new HttpSink(readHttpSettings(options)),
};

/** Posts each batch to one address; connections are kept and used again. */
class HttpSink implements Sink {
  readonly where: string;
  readonly batchEventsMax?: number;
  readonly #settings: HttpSettings;
  readonly #sent = new SentEvents(DISCORD_SENT_MAX);
  /** By `performance.now`; the receiver wants nothing before. */
  #notBeforeMs = 0;

  constructor(settings: HttpSettings) {
    this.#settings = settings;
    this.where = settings.where;
    const { batchEventsMax } = settings.format;
    if (batchEventsMax !== undefined) this.batchEventsMax = batchEventsMax;
  }

  async send({ events, key }: Batch, signal: AbortSignal): Promise<SendResult> {
    const messages = this.#messagesOf(events);
    if (messages === undefined) {
      return {
        kind: "refused",
        text: "an event cannot be written in this format",
      };
    }
    for (const message of messages) {
      const isWhole = message.events.length === events.length;
      const part = isWhole ? key : `${key}/${message.events[0]?.seq ?? 0}`;
      const result = await this.#post(message, part, signal);
      if (result.kind !== "delivered") return result;
      if (messages.length > 1) this.#sent.add(message.events);
    }
    this.#sent.forget(events);
    return { kind: "delivered" };
  }

  async lacks(): Promise<readonly string[]> {
    return await lackingAuthorities(this.#settings.caFile);
  }

  async close(): Promise<void> {}

  /** Undefined where one cannot be written, such as with more levels than the stack has room for. */
  #messagesOf(events: readonly WaitingEvent[]): readonly HttpMessage[] | undefined {
    try {
      return this.#settings.format.messages(this.#sent.without(events));
    } catch {
      return undefined;
    }
  }

  async #post(message: HttpMessage, key: string, signal: AbortSignal): Promise<SendResult> {
    const { where, caFile } = this.#settings;
    try {
      const waitMs = this.#notBeforeMs - performance.now();
      if (waitMs > DISCORD_WAIT_MS_MAX) {
        const text = `${where} wants to be left alone for ${Math.ceil(waitMs)} ms`;
        return { kind: "retry", text, afterMs: waitMs };
      }
      if (waitMs > 0) await setTimeout(waitMs, undefined, { signal });
      // For each batch, so that the file may be renewed.
      const trust = caFile === undefined ? undefined : { ca: await readAuthorities(caFile) };
      return this.#resultOf(await this.#ask(message, key, trust, signal));
    } catch (error) {
      if (error instanceof SocketError) return { kind: "retry", text: error.message };
      return { kind: "retry", text: failureText(error, where) };
    }
  }

  async #ask(
    { text, contentType }: HttpMessage,
    key: string,
    tls: { readonly ca: string } | undefined,
    signal: AbortSignal,
  ): Promise<Answer> {
    const { url, secret, headers } = this.#settings;
    const plain = Buffer.from(text);
    const isCompressed = this.#settings.gzip && plain.length >= GZIP_BYTES_MIN;
    const response = await fetch(url.href, {
      method: "POST",
      headers: {
        "content-type": contentType,
        ...headers,
        "idempotency-key": asciiKey(key),
        ...(secret !== undefined && signatureHeaders(secret, plain, Date.now())),
        ...(isCompressed && { "content-encoding": "gzip" }),
      },
      body: isCompressed ? await compressed(plain) : plain,
      redirect: "manual",
      signal,
      tls: { ...tls, rejectUnauthorized: true },
    });
    return { status: response.status, headers: response.headers, body: await readAnswer(response) };
  }

  #resultOf(answer: Answer): SendResult {
    const { format } = this.#settings;
    const pauseMs = format.pauseMs?.(answer.headers, answer.body);
    if (pauseMs !== undefined) {
      this.#notBeforeMs = Math.max(this.#notBeforeMs, performance.now() + pauseMs);
    }
    const { pathHint } = format;
    return resultOf(answer, { ...this.#settings, pathHint, pauseMs, nowMs: Date.now() });
  }
}

/** Names of nodes and collectors may have any letters, and headers may not. */
function asciiKey(key: string): string {
  return key.toWellFormed().replace(/[^\x21-\x7e]/gu, encodeURIComponent);
}
