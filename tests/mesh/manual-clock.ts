import type { Cancel, Clock } from "../../mesh/clock.ts";

interface Timer {
  readonly atMs: number;
  readonly task: () => void;
}

/** Time that passes when a test says so. */
export class ManualClock implements Clock {
  #nowMs: number;
  #timers: Timer[] = [];

  constructor(startMs = 1000) {
    this.#nowMs = startMs;
  }

  /** Timers that run. */
  get timers(): number {
    return this.#timers.length;
  }

  now(): number {
    return this.#nowMs;
  }

  after(delayMs: number, task: () => void): Cancel {
    const timer = { atMs: this.#nowMs + delayMs, task };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Lets time pass, each task run when it is due. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (let next = this.#next(untilMs); next !== undefined; next = this.#next(untilMs)) {
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      this.#timers = this.#timers.filter((timer) => timer !== next);
      next.task();
    }
    this.#nowMs = untilMs;
  }

  /** Lets time pass without a task being run, as for a process that is stopped. */
  jump(ms: number): void {
    this.#nowMs += ms;
  }

  #next(untilMs: number): Timer | undefined {
    return this.#timers
      .filter(({ atMs }) => atMs <= untilMs)
      .toSorted((one, other) => one.atMs - other.atMs)[0];
  }
}
