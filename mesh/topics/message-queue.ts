import type { SubscriptionQueueLimits } from "./limits.ts";

interface Waiting<Message> {
  readonly message: Message;
  readonly bytes: number;
  next: Waiting<Message> | undefined;
}

/**
 * Messages that wait for their subscriber, first in, first out. At its bounds the oldest give way:
 * in a game what was said last is what counts, and a reader that lags must catch up, not read
 * minutes behind. The newest is always kept, so that no message is too long to arrive at all.
 */
export class MessageQueue<Message> {
  readonly #limits: SubscriptionQueueLimits;
  #first: Waiting<Message> | undefined;
  #last: Waiting<Message> | undefined;
  #size = 0;
  #bytes = 0;

  constructor(limits: SubscriptionQueueLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Answers how many older messages gave way. */
  push(message: Message, bytes: number): number {
    let dropped = 0;
    while (this.#size > 0 && !this.#hasRoom(bytes)) {
      this.shift();
      dropped += 1;
    }
    const waiting = { message, bytes, next: undefined };
    if (this.#last === undefined) this.#first = waiting;
    else this.#last.next = waiting;
    this.#last = waiting;
    this.#size += 1;
    this.#bytes += bytes;
    return dropped;
  }

  shift(): { readonly message: Message } | undefined {
    const first = this.#first;
    if (first === undefined) return undefined;
    this.#first = first.next;
    if (this.#first === undefined) this.#last = undefined;
    this.#size -= 1;
    this.#bytes -= first.bytes;
    return first;
  }

  clear(): void {
    this.#first = undefined;
    this.#last = undefined;
    this.#size = 0;
    this.#bytes = 0;
  }

  #hasRoom(bytes: number): boolean {
    const { messagesMax, bytesMax } = this.#limits;
    return this.#size < messagesMax && this.#bytes + bytes <= bytesMax;
  }
}
