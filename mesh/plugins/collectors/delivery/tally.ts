import { ERROR_CHARS_MAX } from "../limits.ts";
import type { DeliveryStatus } from "./status.ts";

type Counts = Pick<
  DeliveryStatus,
  "sent" | "failed" | "retried" | "buried" | "lastError" | "lastSentAt"
>;

/** What became of the events, for the status. */
export class Tally {
  readonly #date: () => number;
  #sent = 0;
  #failed = 0;
  #retried = 0;
  #buried = 0;
  #lastError: { readonly text: string; readonly atMs: number } | undefined;
  #lastSentMs: number | undefined;

  /** @param date milliseconds since 1970 */
  constructor(date: () => number) {
    this.#date = date;
  }

  get counts(): Counts {
    const error = this.#lastError;
    return {
      sent: this.#sent,
      failed: this.#failed,
      retried: this.#retried,
      buried: this.#buried,
      lastError: error === undefined ? null : { text: error.text, at: isoOf(error.atMs) },
      lastSentAt: this.#lastSentMs === undefined ? null : isoOf(this.#lastSentMs),
    };
  }

  sent(events: number): void {
    this.#sent += events;
    this.#lastSentMs = this.#date();
  }

  failed(): void {
    this.#failed += 1;
  }

  retried(): void {
    this.#retried += 1;
  }

  buried(): void {
    this.#buried += 1;
  }

  complained(text: string): void {
    this.#lastError = { text: text.slice(0, ERROR_CHARS_MAX), atMs: this.#date() };
  }
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}
