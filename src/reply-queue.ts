import { Fifo } from "./fifo.ts";

/** One request on its way to an answer. */
export interface PendingReply {
  readonly sinceMs: number;
  readonly requestBytes: number;
  /** The answer, once it is there. */
  reply: Uint8Array | undefined;
}

/**
 * Lets replies leave in the order of their requests, whatever the order in which they become ready.
 * [CCP-4.2]
 */
export class ReplyQueue {
  readonly #pending = new Fifo<PendingReply>();
  #requestBytes = 0;
  #replyBytes = 0;
  #lastChunk: ArrayBufferLike | undefined;
  /** Bytes that the owner has taken from a budget for all this. */
  heldBytes = 0;

  get size(): number {
    return this.#pending.size;
  }

  /** Bytes of the requests being answered. */
  get requestBytes(): number {
    return this.#requestBytes;
  }

  /** Bytes of the answers that wait for an earlier one. */
  get replyBytes(): number {
    return this.#replyBytes;
  }

  /** When the request that holds up the others came; `undefined` while nothing is pending. */
  get oldestSinceMs(): number | undefined {
    return this.#pending.peek()?.sinceMs;
  }

  reserve(request: Buffer, nowMs: number): PendingReply {
    const requestBytes = this.#costOf(request);
    const pending: PendingReply = { sinceMs: nowMs, requestBytes, reply: undefined };
    this.#pending.push(pending);
    this.#requestBytes += requestBytes;
    return pending;
  }

  /** Notes an answer and sends all that are now due. */
  settle(pending: PendingReply, reply: Uint8Array, send: (reply: Uint8Array) => void): void {
    pending.reply = reply;
    this.#replyBytes += reply.length;
    for (let due = this.#pending.peek(); due?.reply !== undefined; due = this.#pending.peek()) {
      this.#pending.shift();
      this.#requestBytes -= due.requestBytes;
      this.#replyBytes -= due.reply.length;
      send(due.reply);
    }
  }

  /** A request keeps in memory the chunk that it arrived in, however small it is itself. */
  #costOf(request: Buffer): number {
    if (request.buffer === this.#lastChunk) return request.length;
    this.#lastChunk = request.buffer;
    return request.buffer.byteLength;
  }
}
