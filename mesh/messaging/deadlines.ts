import { type Cancel, type Clock, DELAY_MS_MAX } from "../clock.ts";
import { DEADLINE_STEP_MS } from "./limits.ts";

export interface Due {
  readonly dueMs: number;
}

/**
 * Things with a deadline, and one timer for all of them: most are done long before, so that setting and
 * clearing a timer for each would cost more than all else.
 */
export class Deadlines<Item extends Due> {
  readonly #clock: Clock;
  readonly #onDue: (item: Item) => void;
  readonly #items = new Set<Item>();
  #timer: { readonly dueMs: number; readonly cancel: Cancel } | undefined;

  /** `onDue` is told of each item once, never before its time. */
  constructor(clock: Clock, onDue: (item: Item) => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  get size(): number {
    return this.#items.size;
  }

  add(item: Item): void {
    this.#items.add(item);
    this.#arm(item.dueMs);
  }

  /** Does nothing if it is not there. */
  delete(item: Item): void {
    this.#items.delete(item);
  }

  /** Forgets all. */
  clear(): void {
    this.#items.clear();
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(itemDueMs: number): void {
    // First by what needs no look at the clock, as most are due after the others.
    if (this.#timer !== undefined && itemDueMs >= this.#timer.dueMs) return;
    const now = this.#clock.now();
    const dueMs = Math.max(itemDueMs, now + DEADLINE_STEP_MS);
    // What is due at once must not put off the others again and again.
    if (this.#timer !== undefined && dueMs >= this.#timer.dueMs) return;
    this.#timer?.cancel();
    const delayMs = Math.min(Math.ceil(dueMs - now), DELAY_MS_MAX);
    this.#timer = { dueMs, cancel: this.#clock.after(delayMs, () => this.#look()) };
  }

  #look(): void {
    this.#timer = undefined;
    const now = this.#clock.now();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const item of this.#items) {
      if (item.dueMs > now) {
        nextMs = Math.min(nextMs, item.dueMs);
        continue;
      }
      this.#items.delete(item);
      this.#onDue(item);
    }
    if (nextMs !== Number.POSITIVE_INFINITY) this.#arm(nextMs);
  }
}
