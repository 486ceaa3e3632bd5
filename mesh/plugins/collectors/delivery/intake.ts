import { Backoff } from "../../../index.ts";
import type { EventQueue } from "../event-queue.ts";
import type { DeliverySettings } from "../limits.ts";
import { readEvent } from "./queued-event.ts";
import type { WaitingEvent } from "../sink.ts";

export interface IntakeOptions {
  readonly queue: Pick<EventQueue, "read">;
  readonly settings: Pick<
    DeliverySettings,
    "batchEvents" | "batchBytes" | "batchMs" | "retryMinMs" | "retryMaxMs"
  >;
  readonly random: () => number;
  /** An entry is no event. */
  readonly onGarbage: (seq: number, reason: string) => void;
  readonly onFailed: (error: unknown) => void;
}

/** Cuts batches from the queue: full ones at once, others when their first event has waited long enough. */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #retry: Backoff;
  /** The number of the last entry that was taken. */
  #after = 0;
  /** Entries that wait, as far as is known: more than any batch has until the queue was read to its end. */
  #expected = Number.POSITIVE_INFINITY;
  /** By the clock; when those that wait are sent, however few they are. */
  #ripeMs = 0;
  /** By the clock; the queue could not be read. */
  #retryMs = 0;

  constructor(options: IntakeOptions) {
    this.#options = options;
    const { retryMinMs: minMs, retryMaxMs: maxMs } = options.settings;
    this.#retry = new Backoff({ minMs, maxMs, random: options.random });
  }

  /** When there may be a batch, by the clock; `Infinity` if nothing waits. */
  get dueMs(): number {
    if (this.#expected === 0) return Number.POSITIVE_INFINITY;
    const isFull = this.#expected >= this.#options.settings.batchEvents;
    return Math.max(isFull ? 0 : this.#ripeMs, this.#retryMs);
  }

  /** Whether the queue could not be read the last time. */
  get isFailing(): boolean {
    return this.#retry.attempts > 0;
  }

  /** So many entries were appended; answers whether that changes when there may be a batch. */
  appended(count: number, nowMs: number): boolean {
    const { dueMs } = this;
    if (this.#expected === 0) this.#ripeMs = nowMs + this.#options.settings.batchMs;
    this.#expected += count;
    return this.dueMs !== dueMs;
  }

  /** The events of the next batch, at least one, if there is one now. */
  take(nowMs: number): readonly WaitingEvent[] | undefined {
    if (this.dueMs > nowMs) return undefined;
    const events = this.#read(nowMs);
    return events?.length === 0 ? undefined : events;
  }

  /** Empty if what it read were no events; the next may be. */
  #read(nowMs: number): readonly WaitingEvent[] | undefined {
    const { queue, settings, onFailed } = this.#options;
    const { batchEvents: countMax, batchBytes: bytesMax } = settings;
    try {
      const entries = queue.read({ after: this.#after, countMax, bytesMax });
      const lastSeq = entries.at(-1)?.seq ?? this.#after;
      const isFull = entries.length >= countMax || (entries.length > 0 && this.#hasMore(lastSeq));
      this.#retry.reset();
      if (!isFull && nowMs < this.#ripeMs) {
        this.#expected = entries.length;
        return undefined;
      }
      this.#expected = isFull ? Number.POSITIVE_INFINITY : 0;
      this.#ripeMs = nowMs + settings.batchMs;
      this.#after = lastSeq;
      return entries.length === 0 ? undefined : this.#eventsOf(entries);
    } catch (error) {
      this.#retryMs = nowMs + this.#retry.next();
      onFailed(error);
      return undefined;
    }
  }

  /** The first entry is answered however long it is. */
  #hasMore(after: number): boolean {
    return this.#options.queue.read({ after, countMax: 1, bytesMax: 1 }).length > 0;
  }

  #eventsOf(entries: ReturnType<EventQueue["read"]>): readonly WaitingEvent[] {
    const events: WaitingEvent[] = [];
    for (const entry of entries) {
      const event = readEvent(entry);
      if (typeof event === "string") this.#options.onGarbage(entry.seq, event);
      else events.push(event);
    }
    return events;
  }
}
