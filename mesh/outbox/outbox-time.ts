import type { Clock } from "../clock.ts";
import { CLOCK_DRIFT_MS } from "./limits.ts";

export interface OutboxTimeOptions {
  /** A clock that never jumps. */
  readonly clock: Pick<Clock, "now">;
  /** Milliseconds since 1970, of a clock that somebody may set. */
  readonly wallMs: () => number;
  /** By how much the wall clock was ahead of the outbox's time when that was last kept; 0 in a new file. */
  readonly aheadMs: number;
  /** The outbox's time of the newest entry. */
  readonly newestMs: number;
}

/**
 * The time of the entries, by which their age is told. It goes on evenly however the wall clock is set: no entry is
 * older than the one after it, and none is too old at once because a machine that started in 1970 learns the year.
 */
export class OutboxTime {
  readonly #clock: Pick<Clock, "now">;
  readonly #wallMs: () => number;
  readonly #startMs: number;
  readonly #clockStartMs: number;
  /** As it is on the disk. */
  #keptAheadMs: number;

  constructor({ clock, wallMs, aheadMs, newestMs }: OutboxTimeOptions) {
    this.#clock = clock;
    this.#wallMs = wallMs;
    this.#keptAheadMs = aheadMs;
    this.#startMs = Math.max(Math.floor(wallMs() - aheadMs), newestMs);
    this.#clockStartMs = clock.now();
  }

  /** Whole milliseconds. */
  now(): number {
    return this.#startMs + Math.floor(this.#clock.now() - this.#clockStartMs);
  }

  /** What the wall clock would have shown, had it always gone as it goes now. */
  wallAt(timeMs: number): number {
    return timeMs + (this.unkeptAheadMs ?? this.#keptAheadMs);
  }

  /** What must be kept for the next start; `undefined` while it is as it was. */
  get unkeptAheadMs(): number | undefined {
    const aheadMs = Math.floor(this.#wallMs()) - this.now();
    return Math.abs(aheadMs - this.#keptAheadMs) <= CLOCK_DRIFT_MS ? undefined : aheadMs;
  }

  onKept(aheadMs: number): void {
    this.#keptAheadMs = aheadMs;
  }
}
