import { Backoff } from "../../../index.ts";
import type { EventQueue, QueueEntry } from "../event-queue.ts";
import type { DeliverySettings } from "../limits.ts";
import type { Cuts } from "./cuts.ts";
import { readEvent } from "./queued-event.ts";
import type { WaitingEvent } from "../sink.ts";

export interface IntakeOptions {
  readonly queue: Pick<EventQueue, "read">;
  readonly cuts: Pick<Cuts, "limitOf">;
  readonly settings: Pick<
    DeliverySettings,
    "batchEvents" | "batchBytes" | "batchMs" | "retryMinMs" | "retryMaxMs"
  >;
  readonly random: () => number;
  /** An entry is no event. */
  readonly onGarbage: (seq: number, reason: string) => void;
  readonly onFailed: (error: unknown) => void;
}

/** A batch as it is cut. */
export interface CutEvents {
  readonly events: readonly WaitingEvent[];
  /** The number of its last entry. */
  readonly end: number;
  /** Whether it would end there again, if it were cut anew: it is full. */
  readonly isEven: boolean;
}

/**
 * | kind | the batch ends there because |
 * |---|---|
 * | `even` | it is full, by events or bytes: it would end there again |
 * | `uneven` | it did so before, or events behind it are settled already |
 * | `open` | nothing more waits, yet |
 */
type EndKind = "even" | "uneven" | "open";

interface CutEnd {
  /** Entries of the batch. */
  readonly length: number;
  readonly kind: EndKind;
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

  /** The number of the last entry that was taken. */
  get after(): number {
    return this.#after;
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

  /** The next batch, with at least one event, if there is one now. */
  take(nowMs: number): CutEvents | undefined {
    if (this.dueMs > nowMs) return undefined;
    return eventful(this.#read(nowMs));
  }

  /** As `take`, of one event, unless it was cut with others before. */
  takeOne(nowMs: number): CutEvents | undefined {
    if (this.#retryMs > nowMs) return undefined;
    return eventful(this.#read(nowMs, true));
  }

  /** What is behind this number, and was taken already, comes again, unless it was settled. */
  rewind(after: number): void {
    this.#after = after;
    this.#expected = Number.POSITIVE_INFINITY;
  }

  /** Without events if what it read were none; the next may be. */
  #read(nowMs: number, isOne = false): CutEvents | undefined {
    const { queue, settings, onFailed } = this.#options;
    const { batchEvents: countMax, batchBytes: bytesMax } = settings;
    try {
      const read = queue.read({ after: this.#after, countMax, bytesMax });
      const { length, kind } = isOne ? this.#endOfOne(read) : this.#endOf(read);
      this.#retry.reset();
      if (kind === "open" && nowMs < this.#ripeMs) {
        this.#expected = length;
        return undefined;
      }
      this.#expected = kind === "open" ? 0 : Number.POSITIVE_INFINITY;
      this.#ripeMs = nowMs + settings.batchMs;
      if (length === 0) return undefined;
      const entries = read.slice(0, length);
      this.#after = entries.at(-1)?.seq ?? this.#after;
      const events = this.#eventsOf(entries);
      // What is no event is gone the next time.
      const isEven = kind === "even" && events.length === length;
      return { events, end: this.#after, isEven };
    } catch (error) {
      this.#retryMs = nowMs + this.#retry.next();
      onFailed(error);
      return undefined;
    }
  }

  /** How many of these a batch has, and what ends it. */
  #endOf(read: readonly QueueEntry[]): CutEnd {
    const [first] = read;
    if (first === undefined) return { length: 0, kind: "open" };
    const { end, isNoted } = this.#options.cuts.limitOf(first.seq);
    const isBeyond = ({ seq }: QueueEntry, index: number) =>
      seq > end || (seq !== first.seq + index && !isNoted);
    const length = read.findIndex(isBeyond);
    if (length !== -1) return { length, kind: "uneven" };
    const last = read.at(-1)?.seq ?? first.seq;
    const kind = isNoted || last === end ? "uneven" : this.#kindOf(read.length, last);
    return { length: read.length, kind };
  }

  #endOfOne(read: readonly QueueEntry[]): CutEnd {
    const [first] = read;
    const isNoted = first !== undefined && this.#options.cuts.limitOf(first.seq).isNoted;
    if (first === undefined || isNoted) return this.#endOf(read);
    return { length: 1, kind: "uneven" };
  }

  #kindOf(length: number, last: number): EndKind {
    const { queue, settings } = this.#options;
    if (length >= settings.batchEvents) return "even";
    // The first entry is answered however long it is.
    const [next] = queue.read({ after: last, countMax: 1, bytesMax: 1 });
    if (next === undefined) return "open";
    return next.seq === last + 1 ? "even" : "uneven";
  }

  #eventsOf(entries: readonly QueueEntry[]): readonly WaitingEvent[] {
    const events: WaitingEvent[] = [];
    for (const entry of entries) {
      const event = readEvent(entry);
      if (typeof event === "string") this.#options.onGarbage(entry.seq, event);
      else events.push(event);
    }
    return events;
  }
}

function eventful(cut: CutEvents | undefined): CutEvents | undefined {
  return cut?.events.length === 0 ? undefined : cut;
}
