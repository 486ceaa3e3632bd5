import type { Lot } from "./lot.ts";

/**
 * Looks, while all that is in hand is refused, for an event behind that the receiver takes. One at a time is taken from
 * the queue for that; what is refused is put back, and comes again in its turn, so that none of it is held here.
 */
export class Scout {
  readonly #intervalMs: number;
  /** By the clock; when the next is tried. */
  dueMs = 0;
  #lot: Lot | undefined;
  /** Of those that were put back, what came before the first. */
  #putBackAfter: number | undefined;

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  /** The one that was taken from the queue and is not settled yet. */
  get lot(): Lot | undefined {
    return this.#lot;
  }

  /** One is tried now, from the queue or not. */
  wait(nowMs: number): void {
    this.dueMs = nowMs + this.#intervalMs;
  }

  /** @param after the number of the last event that was taken from the queue before */
  take(lot: Lot, after: number): void {
    this.#lot = lot;
    this.#putBackAfter ??= after;
  }

  /** It is delivered, or put back. */
  settled(): void {
    this.#lot = undefined;
  }

  /** From where on the queue is to be read again; `undefined` if there is nothing. */
  comeBack(): number | undefined {
    const after = this.#putBackAfter;
    this.#putBackAfter = undefined;
    return after;
  }
}
