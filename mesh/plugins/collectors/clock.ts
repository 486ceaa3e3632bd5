/** Takes back what was to happen; does nothing once it has. */
export type Cancel = () => void;

/** Time; tests have one of their own. */
export interface Clock {
  /** Milliseconds of a clock that never jumps. */
  now(): number;
  /** Runs the task once, in so many milliseconds. */
  after(delayMs: number, task: () => void): Cancel;
}

export const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  after: (delayMs, task) => {
    const timer = setTimeout(task, delayMs);
    return () => clearTimeout(timer);
  },
};
