import type { WaitingEvent } from "../sink.ts";

/**
 * Events that have arrived, of batches whose rest has not. When what is left of such a batch comes again, whole or in
 * halves, they are not sent a second time.
 */
export class SentEvents {
  readonly #eventsMax: number;
  readonly #seqs = new Set<number>();

  constructor(eventsMax: number) {
    this.#eventsMax = eventsMax;
  }

  add(events: readonly WaitingEvent[]): void {
    for (const { seq } of events) this.#seqs.add(seq);
    for (const seq of this.#seqs) {
      if (this.#seqs.size <= this.#eventsMax) return;
      this.#seqs.delete(seq);
    }
  }

  /** Those that have not arrived. */
  without(events: readonly WaitingEvent[]): readonly WaitingEvent[] {
    return this.#seqs.size === 0 ? events : events.filter(({ seq }) => !this.#seqs.has(seq));
  }

  /** They will not come again. */
  forget(events: readonly WaitingEvent[]): void {
    for (const { seq } of events) this.#seqs.delete(seq);
  }
}
