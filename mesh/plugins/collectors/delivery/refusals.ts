import { BURIED_IN_ROW_MAX } from "../limits.ts";
import type { Lot } from "./lot.ts";

/**
 * | verdict | it means |
 * |---|---|
 * | `again` | it may have been a bad moment of the receiver |
 * | `bury` | this event will never be taken |
 * | `keep` | the receiver takes nothing at all: the operator must mend that first |
 */
export type Verdict = "again" | "bury" | "keep";

/** Judges whether a receiver that refuses an event means this one, or everything. */
export class Refusals {
  readonly #triesMax: number;
  /** Batches that the receiver took. */
  #taken = 0;
  /** Events that were set aside since, with nothing taken between their first refusal and their last. */
  #buriedInRow = 0;
  /** Events up to this number were refused once before one behind them was taken. */
  #passedTo = 0;

  constructor(triesMax: number) {
    this.#triesMax = triesMax;
  }

  /** Whether no more are set aside until one is taken. */
  get isKeeping(): boolean {
    return this.#buriedInRow >= BURIED_IN_ROW_MAX;
  }

  onTaken(): void {
    this.#taken += 1;
    this.#buriedInRow = 0;
  }

  /** All before it were refused. */
  onPassed(lot: Lot): void {
    this.#passedTo = Math.max(this.#passedTo, lot.end);
  }

  /** @param lot of one event */
  onRefused(lot: Lot): Verdict {
    lot.refusedAlone(this.#taken);
    if (lot.refusals < this.#triesMax) return "again";
    if (this.#taken > lot.takenBefore || lot.end < this.#passedTo) return "bury";
    if (this.isKeeping) return "keep";
    this.#buriedInRow += 1;
    return "bury";
  }
}
