/** Hands what waits for it to one handler, in order; what it has handled is let go of. */

import { Backoff, isPromiseLike } from "../../src/index.ts";
import type { Cancel, Clock } from "../clock.ts";
import type { DrainedRegistration } from "../drained-registration.ts";
import { errorText } from "../error-text.ts";
import { ArrivedMessage } from "../messaging/message.ts";
import type { Message } from "../messaging/messenger.ts";
import type { OutboxRecords } from "../outbox/outbox-records.ts";
import type { OutboxEntry, OutboxQueue } from "../outbox/outbox-queue.ts";
import { decodeArrived } from "./entry.ts";
import {
  BATCH_BYTES_MAX,
  CONSUMER_BATCH_MAX,
  HANDLER_GRACE_MS,
  HANDLER_TIMEOUT_MS,
  TRIES_MAX,
  TRY_AGAIN_MAX_MS,
  TRY_AGAIN_MIN_MS,
} from "./limits.ts";

/** A message that was kept until now. */
export interface DurableMessage extends Message {
  /** The same whenever the message comes again, and for no other. */
  readonly id: string;
  /** When it was published, by the clock of the node that did. */
  readonly at: Date;
  /**
   * The node ended while this one, or one close to it, was being handled: it may have been. Also true for a message on
   * which the handler failed before.
   */
  readonly isRedelivered: boolean;
}

/** What it throws has failed: the message comes again, later. */
export type DurableHandler = (message: DurableMessage) => void | PromiseLike<void>;

export interface ConsumerOptions {
  readonly name: string;
  readonly queue: OutboxQueue;
  readonly records: Pick<OutboxRecords, "get" | "set">;
  readonly clock: Clock;
  /** Told of each failure, and of each message that is set aside; `text` says which it is. */
  readonly onFailure: (error: unknown, text: string) => void;
}

export interface ConsumerStatus {
  readonly name: string;
  readonly state: ConsumerState;
  readonly handled: number;
  readonly failed: number;
  readonly redelivered: number;
}

/** `paused`: nobody handles; `waiting`: until the handler that failed is tried again. */
type ConsumerState = "paused" | "idle" | "handling" | "waiting";

/** From when a handler is given until it is taken away; the same handler may be given again. */
interface Shift {
  readonly handler: DurableHandler;
  /** Resolves once the handler is at nothing. */
  work: Promise<void>;
}

const NEXT_STATES: Readonly<Record<ConsumerState, readonly ConsumerState[]>> = {
  paused: ["idle"],
  idle: ["handling", "paused"],
  handling: ["idle", "waiting", "paused"],
  waiting: ["handling", "paused"],
};

export class Consumer {
  readonly #options: ConsumerOptions;
  readonly #backoff = new Backoff({ minMs: TRY_AGAIN_MIN_MS, maxMs: TRY_AGAIN_MAX_MS });
  #shift: Shift | undefined;
  /** Resolves once the last shift has its handler back. */
  #ended: Promise<void> = Promise.resolve();
  #state: ConsumerState = "paused";
  #cancelRetry: Cancel = () => {};
  /** Up to which number messages may have been handled before the last start. */
  readonly #doubtfulUpTo: number;
  #startedUpTo: number;
  #triedSeq = 0;
  #tries = 0;
  #handled = 0;
  #failed = 0;
  #redelivered = 0;

  constructor(options: ConsumerOptions) {
    this.#options = options;
    this.#doubtfulUpTo = Number(options.records.get(this.#startedKey) ?? 0);
    this.#startedUpTo = this.#doubtfulUpTo;
  }

  get status(): ConsumerStatus {
    return {
      name: this.#options.name,
      state: this.#state,
      handled: this.#handled,
      failed: this.#failed,
      redelivered: this.#redelivered,
    };
  }

  get isHandled(): boolean {
    return this.#shift !== undefined;
  }

  /** What the handler before is still at, it ends first. */
  start(handler: DurableHandler): DrainedRegistration {
    const shift: Shift = { handler, work: Promise.resolve() };
    this.#enter("idle");
    this.#shift = shift;
    this.wake();
    return {
      remove: () => {
        if (this.#shift === shift) this.stop();
      },
      drained: () => this.#inGrace(shift.work),
    };
  }

  /** Nothing more is handed over. A message that is being handled comes again, unless its handler ends well. */
  stop(): void {
    if (this.#shift === undefined) return;
    this.#shift = undefined;
    this.#cancelRetry();
    this.#enter("paused");
  }

  /** Something was appended. */
  wake(): void {
    if (this.#state === "idle") void this.#run();
  }

  get #startedKey(): string {
    return `started:${this.#options.name}`;
  }

  async #run(): Promise<void> {
    const shift = this.#shift;
    if (shift === undefined) return;
    this.#enter("handling");
    const before = this.#ended;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#ended = promise;
    shift.work = promise;
    await before;
    await this.#empty(shift);
    resolve();
  }

  async #empty(shift: Shift): Promise<void> {
    const { queue, onFailure, name } = this.#options;
    try {
      while (this.#isHandling(shift)) {
        const entries = queue.read({ countMax: CONSUMER_BATCH_MAX, bytesMax: BATCH_BYTES_MAX });
        if (entries.length === 0) {
          this.#enter("idle");
          return;
        }
        await this.#markStarted(entries.at(-1)?.seq ?? 0);
        for (const entry of entries) {
          if (!this.#isHandling(shift) || !(await this.#handle(shift, entry))) return;
        }
      }
    } catch (error) {
      // The disk, not the handler.
      onFailure(error, `the consumer ${name} failed`);
      if (this.#isHandling(shift)) this.#waitAndRetry();
    }
  }

  /** Answers whether the next may follow. */
  async #handle(shift: Shift, { seq, bytes }: OutboxEntry): Promise<boolean> {
    const { queue, name, onFailure } = this.#options;
    if (seq !== this.#triedSeq) {
      this.#triedSeq = seq;
      this.#tries = 0;
    }
    try {
      await this.#inTime(shift.handler(this.#messageOf(seq, bytes)));
    } catch (error) {
      this.#failed += 1;
      this.#tries += 1;
      if (!this.#isHandling(shift)) return false;
      if (this.#tries < TRIES_MAX) {
        onFailure(error, `the consumer ${name} failed`);
        this.#waitAndRetry();
        return false;
      }
      const text = `the consumer ${name} failed ${TRIES_MAX} times on a message, which is set aside`;
      onFailure(error, text);
      queue.bury(seq, errorText(error));
      this.#backoff.reset();
      return true;
    }
    queue.remove([seq]);
    this.#handled += 1;
    this.#backoff.reset();
    return true;
  }

  #messageOf(seq: number, bytes: Uint8Array): DurableMessage {
    const { origin, published } = decodeArrived(bytes);
    const { topic, kind, at } = published;
    const chunk = Buffer.from(published.bytes);
    const isRedelivered = seq <= this.#doubtfulUpTo || this.#tries > 0;
    if (isRedelivered) this.#redelivered += 1;
    const message = new ArrivedMessage({ topic, from: origin.node, kind }, chunk, 0, chunk.length);
    return Object.assign(message, {
      id: `${origin.store}:${origin.seq}`,
      at: new Date(at),
      isRedelivered,
    });
  }

  /** What is not let go of up to there may have been handled, should the node end now. */
  async #markStarted(seq: number): Promise<void> {
    if (seq <= this.#startedUpTo) return;
    await this.#options.records.set(this.#startedKey, String(seq));
    this.#startedUpTo = seq;
  }

  async #inTime(work: void | PromiseLike<void>): Promise<void> {
    if (!isPromiseLike(work)) return;
    const late = Promise.withResolvers<never>();
    const cancel = this.#options.clock.after(HANDLER_TIMEOUT_MS, () => {
      late.reject(new Error(`the handler did not finish within ${HANDLER_TIMEOUT_MS / 1000} s`));
    });
    try {
      await Promise.race([work, late.promise]);
    } finally {
      cancel();
    }
  }

  async #inGrace(work: Promise<void>): Promise<void> {
    const late = Promise.withResolvers<void>();
    const cancel = this.#options.clock.after(HANDLER_GRACE_MS, () => late.resolve());
    await Promise.race([work, late.promise]);
    cancel();
  }

  #isHandling(shift: Shift): boolean {
    return this.#state === "handling" && this.#shift === shift;
  }

  #waitAndRetry(): void {
    this.#enter("waiting");
    this.#cancelRetry = this.#options.clock.after(this.#backoff.next(), () => {
      if (this.#state === "waiting") void this.#run();
    });
  }

  #enter(next: ConsumerState): void {
    if (!NEXT_STATES[this.#state].includes(next)) {
      throw new Error(`a consumer cannot go from ${this.#state} to ${next}`);
    }
    this.#state = next;
  }
}
