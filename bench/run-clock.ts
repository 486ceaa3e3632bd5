/** Long enough to be steady, short enough for many runs. */
const RUN_MS = 700;

/** For what goes to the disk, which now and then takes a while for many at once. */
export const DISK_RUN_MS = 2000;

/** Looking at the clock each time would cost as much as some of what is measured. */
const LOOK_EVERY = 32;

/** Tells a loop when the run has been long enough. */
export class RunClock {
  readonly #startMs = performance.now();
  readonly #runMs: number;
  #asked = 0;
  #over = false;

  constructor(runMs: number = RUN_MS) {
    this.#runMs = runMs;
  }

  isOver(): boolean {
    this.#asked += 1;
    if (this.#asked % LOOK_EVERY === 0) this.#over = this.#elapsedMs >= this.#runMs;
    return this.#over;
  }

  /** `count` divided by the time since the run began. */
  perSecond(count: number): number {
    return (count / this.#elapsedMs) * 1000;
  }

  get #elapsedMs(): number {
    return performance.now() - this.#startMs;
  }
}
