/** Long enough to be steady, short enough for many runs. */
const RUN_MS = 700;

/** Looking at the clock each time would cost as much as some of what is measured. */
const LOOK_EVERY = 32;

/** Tells a loop when the run has been long enough. */
export class RunClock {
  readonly #startMs = performance.now();
  #asked = 0;
  #over = false;

  isOver(): boolean {
    this.#asked += 1;
    if (this.#asked % LOOK_EVERY === 0) this.#over = performance.now() - this.#startMs >= RUN_MS;
    return this.#over;
  }

  /** `count` divided by the time since the run began. */
  perSecond(count: number): number {
    return (count / (performance.now() - this.#startMs)) * 1000;
  }
}
