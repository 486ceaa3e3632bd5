import { CATCH_UP_MS_MAX } from "./limits.ts";

/**
 * When subscribers take what waits for them: after the present turn of the event loop, all together.
 *
 * In one turn a busy connection is read several times, and brings more than a queue holds. So subscribers may
 * catch up in between: who keeps up loses nothing, and who does not delays the node by a bounded time.
 */
export class Turns {
  readonly #schedule: (task: () => void) => void;
  readonly #now: () => number;
  #tasks: (() => void)[] = [];
  #isScheduled = false;
  /** What catching up has taken in this turn of the event loop. */
  #caughtUpMs = 0;

  constructor(schedule: (task: () => void) => void, now: () => number) {
    this.#schedule = schedule;
    this.#now = now;
  }

  /** Runs the task, which never throws, later. */
  readonly add = (task: () => void): void => {
    this.#tasks.push(task);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#schedule(() => {
      this.#isScheduled = false;
      this.#caughtUpMs = 0;
      this.#run();
    });
  };

  /**
   * Runs now what waits to be run, until nothing does. Only for who was called by the event loop: within
   * a `publish`, subscribers would be called back before it returns.
   */
  catchUp(): void {
    if (this.#tasks.length === 0) return;
    let nowMs = this.#now();
    while (this.#tasks.length > 0 && this.#caughtUpMs < CATCH_UP_MS_MAX) {
      this.#run();
      const sinceMs = nowMs;
      nowMs = this.#now();
      this.#caughtUpMs += nowMs - sinceMs;
    }
  }

  #run(): void {
    const tasks = this.#tasks;
    this.#tasks = [];
    for (const task of tasks) task();
  }
}
