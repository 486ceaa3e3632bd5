import type { EventQueue } from "../event-queue.ts";
import type { WaitingEvent } from "../sink.ts";
import type { Lot } from "./lot.ts";
import { readEvent } from "./queued-event.ts";

export interface ScoutOptions {
  readonly queue: Pick<EventQueue, "read">;
  /** Between two events that it tries. */
  readonly intervalMs: number;
  readonly newLot: (event: WaitingEvent) => Lot;
  readonly onFailed: (error: unknown) => void;
}

/**
 * Goes ahead of those that are refused, one event at a time, to find one that the receiver takes. What is refused is
 * left in the queue, and in order comes again; so nothing is held here but the one on its way.
 */
export class Scout {
  readonly #options: ScoutOptions;
  #lot: Lot | undefined;
  /** The number of the last event that was tried. */
  #after = 0;
  /** By the clock; when the next is tried. */
  #dueMs = 0;

  constructor(options: ScoutOptions) {
    this.#options = options;
  }

  get dueMs(): number {
    if (this.#lot === undefined) return this.#dueMs;
    return this.#lot.state === "resting" ? this.#lot.dueMs : Number.POSITIVE_INFINITY;
  }

  has(lot: Lot): boolean {
    return this.#lot === lot;
  }

  /** @param after the number of the last event that was taken from the queue */
  next(nowMs: number, after: number): Lot | undefined {
    if (this.dueMs > nowMs) return undefined;
    this.#lot ??= this.#find(Math.max(this.#after, after));
    if (this.#lot === undefined) this.#dueMs = nowMs + this.#options.intervalMs;
    return this.#lot;
  }

  /** It is delivered, or will not be. */
  settled(lot: Lot, nowMs: number): void {
    this.#after = lot.end;
    this.#lot = undefined;
    this.#dueMs = nowMs + this.#options.intervalMs;
  }

  #find(after: number): Lot | undefined {
    const { queue, newLot, onFailed } = this.#options;
    try {
      const [entry] = queue.read({ after, countMax: 1, bytesMax: 1 });
      if (entry === undefined) return undefined;
      const event = readEvent(entry);
      if (typeof event !== "string") return newLot(event);
      // It is set aside when its turn comes.
      this.#after = entry.seq;
    } catch (error) {
      onFailed(error);
    }
    return undefined;
  }
}
