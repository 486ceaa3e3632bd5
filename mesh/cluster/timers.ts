/** Calls a thing off; does nothing once it has happened. */
export type Cancel = () => void;

/** What happens later; replaced by tests. */
export interface Timers {
  after(delayMs: number, run: () => void): Cancel;
}

export const systemTimers: Timers = {
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};
