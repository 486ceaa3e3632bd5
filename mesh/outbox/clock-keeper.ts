import type { Facts } from "./facts.ts";
import type { Party, Work } from "./group-commit.ts";
import type { OutboxTime } from "./outbox-time.ts";

/** Keeps, for the next start, by how much the wall clock is ahead of the outbox's time. */
export class ClockKeeper implements Party {
  readonly #time: OutboxTime;
  readonly #facts: Facts;
  #written: number | undefined;

  constructor(time: OutboxTime, facts: Facts) {
    this.#time = time;
    this.#facts = facts;
  }

  get work(): Work {
    return this.#time.unkeptAheadMs === undefined ? "none" : "later";
  }

  begin(): void {
    this.#written = this.#time.unkeptAheadMs;
    if (this.#written !== undefined) this.#facts.set("clock_ahead_ms", this.#written);
  }

  end(): void {}

  committed(): void {
    if (this.#written !== undefined) this.#time.onKept(this.#written);
  }

  rolledBack(): void {
    this.#written = undefined;
  }
}
