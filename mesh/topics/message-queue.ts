import type { SubscriptionQueueLimits } from "./limits.ts";

/**
 * Messages of a block. A burst takes many blocks, and is moved from none to another; what an empty queue keeps
 * for the next message is one.
 */
const BLOCK_MESSAGES = 512;

/** Anything but nothing, which is how an empty queue answers. */
export type Queueable = object | string | number;

/** A part of the queue, filled from its beginning. */
class Block<Message> {
  readonly messages: (Message | undefined)[] = [];
  readonly lengths: number[] = [];
  next: Block<Message> | undefined;
}

/**
 * Messages that wait for their subscriber, first in, first out. At its bounds the oldest give way:
 * in a game what was said last is what counts, and a reader that lags must catch up, not read
 * minutes behind. The newest is always kept, so that no message is too long to arrive at all.
 */
export class MessageQueue<Message extends Queueable> {
  readonly #limits: SubscriptionQueueLimits;
  #first = new Block<Message>();
  #last = this.#first;
  /** Where the oldest message is in the first block, and the next one goes in the last. */
  #head = 0;
  #tail = 0;
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
    if (this.#tail === BLOCK_MESSAGES) this.#append();
    const { messages, lengths } = this.#last;
    messages[this.#tail] = message;
    lengths[this.#tail] = bytes;
    this.#tail += 1;
    this.#size += 1;
    this.#bytes += bytes;
    return dropped;
  }

  /** Takes the oldest out; `undefined` if there is none. */
  shift(): Message | undefined {
    if (this.#size === 0) return undefined;
    const { messages, lengths } = this.#first;
    const message = messages[this.#head];
    messages[this.#head] = undefined;
    this.#bytes -= lengths[this.#head] ?? 0;
    this.#head += 1;
    this.#size -= 1;
    if (this.#size === 0) this.#startAgain();
    else if (this.#head === BLOCK_MESSAGES) this.#dropFirst();
    return message;
  }

  clear(): void {
    this.#first = new Block();
    this.#last = this.#first;
    this.#head = 0;
    this.#tail = 0;
    this.#size = 0;
    this.#bytes = 0;
  }

  #hasRoom(bytes: number): boolean {
    const { messagesMax, bytesMax } = this.#limits;
    return this.#size < messagesMax && this.#bytes + bytes <= bytesMax;
  }

  #append(): void {
    const block = new Block<Message>();
    this.#last.next = block;
    this.#last = block;
    this.#tail = 0;
  }

  /** In the block that the last message was in: every place of it is empty again. */
  #startAgain(): void {
    this.#first = this.#last;
    this.#head = 0;
    this.#tail = 0;
  }

  #dropFirst(): void {
    this.#first = this.#first.next ?? this.#last;
    this.#head = 0;
  }
}
