import type { SubscriptionQueueLimits } from "./limits.ts";

/** Places at first, and at least: most subscribers keep up. A power of two, as every size. */
const PLACES_MIN = 16;
/** Places that an empty queue keeps for what comes next; more were for a burst. */
const PLACES_KEPT_MAX = 2048;

/** Anything but nothing, which is how an empty queue answers. */
export type Queueable = object | string | number;

/**
 * Messages that wait for their subscriber, first in, first out. At its bounds the oldest give way:
 * in a game what was said last is what counts, and a reader that lags must catch up, not read
 * minutes behind. The newest is always kept, so that no message is too long to arrive at all.
 */
export class MessageQueue<Message extends Queueable> {
  readonly #limits: SubscriptionQueueLimits;
  /** A ring: the first is at `#head`, the others behind it and round the end. */
  #messages: (Message | undefined)[] = [];
  #lengths: number[] = [];
  #head = 0;
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
    if (this.#size === this.#messages.length) this.#grow();
    const at = (this.#head + this.#size) & (this.#messages.length - 1);
    this.#messages[at] = message;
    this.#lengths[at] = bytes;
    this.#size += 1;
    this.#bytes += bytes;
    return dropped;
  }

  /** Takes the oldest out; `undefined` if there is none. */
  shift(): Message | undefined {
    if (this.#size === 0) return undefined;
    const at = this.#head;
    const message = this.#messages[at];
    this.#messages[at] = undefined;
    this.#bytes -= this.#lengths[at] ?? 0;
    this.#head = (at + 1) & (this.#messages.length - 1);
    this.#size -= 1;
    if (this.#size === 0 && this.#messages.length > PLACES_KEPT_MAX) this.clear();
    return message;
  }

  clear(): void {
    this.#messages = [];
    this.#lengths = [];
    this.#head = 0;
    this.#size = 0;
    this.#bytes = 0;
  }

  #hasRoom(bytes: number): boolean {
    const { messagesMax, bytesMax } = this.#limits;
    return this.#size < messagesMax && this.#bytes + bytes <= bytesMax;
  }

  #grow(): void {
    const places = Math.max(PLACES_MIN, this.#size * 2);
    const messages = [...this.#messages.slice(this.#head), ...this.#messages.slice(0, this.#head)];
    const lengths = [...this.#lengths.slice(this.#head), ...this.#lengths.slice(0, this.#head)];
    while (messages.length < places) {
      messages.push(undefined);
      lengths.push(0);
    }
    this.#messages = messages;
    this.#lengths = lengths;
    this.#head = 0;
  }
}
