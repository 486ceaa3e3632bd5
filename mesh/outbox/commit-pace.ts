import type { Clock } from "../clock.ts";
import { COMMIT_PAUSE_MS_MAX, SLOW_COMMIT_MS } from "./limits.ts";

/** What the newest commit counts in the average, so that one that also moves the log to its place is no reason to pause. */
const NEWEST_WEIGHT = 1 / 8;

/**
 * How soon one commit may follow another. A commit stops the node until the disk has it; where the disk is slow,
 * a third of the time is left to everything else, and more appends share a commit.
 */
export class CommitPace {
  readonly #clock: Pick<Clock, "now">;
  #averageMs = 0;
  #notBeforeMs = 0;

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  /** Time to wait before the next commit. */
  get pauseMs(): number {
    return Math.max(0, this.#notBeforeMs - this.#clock.now());
  }

  measure(commit: () => void): void {
    const startMs = this.#clock.now();
    try {
      commit();
    } finally {
      const endMs = this.#clock.now();
      this.#averageMs += (endMs - startMs - this.#averageMs) * NEWEST_WEIGHT;
      const isSlow = this.#averageMs > SLOW_COMMIT_MS;
      this.#notBeforeMs = isSlow ? endMs + Math.min(this.#averageMs / 2, COMMIT_PAUSE_MS_MAX) : 0;
    }
  }
}
