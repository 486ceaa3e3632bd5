import { FAILURES_TO_OPEN, RETRY_AFTER_MS_MAX } from "../limits.ts";

/** Whether the receiver is there, as far as its answers tell. */
export class Circuit {
  #failures = 0;
  #notBeforeMs = 0;

  /** In a row, over all batches. */
  get failures(): number {
    return this.#failures;
  }

  /** Whether only one batch at a time may ask for it. */
  get isOpen(): boolean {
    return this.#failures >= FAILURES_TO_OPEN;
  }

  /** By the clock; nothing is sent before. */
  get notBeforeMs(): number {
    return this.#notBeforeMs;
  }

  /** @param afterMs what the receiver wants to be left alone for */
  failed(nowMs: number, afterMs = 0): void {
    this.#failures += 1;
    const untilMs = nowMs + Math.min(Math.max(0, afterMs), RETRY_AFTER_MS_MAX);
    this.#notBeforeMs = Math.max(this.#notBeforeMs, untilMs);
  }

  /** It has taken something, or has refused it: it is there. */
  answered(): void {
    this.#failures = 0;
  }
}
