import type { Cancel, Clock } from "../../../index.ts";
import { BUDGET_INTERVAL_MS, LINES_MAX, OUTPUT_BYTES_MAX } from "./limits.ts";

export interface LineBudgetOwner {
  readonly clock: Clock;
  /** At the end of an interval in which something was skipped. */
  onSkipped(lines: number, bytes: number): void;
}

/** How much of a game's output is read: the rest of an interval is skipped once it is used up. */
export class LineBudget {
  readonly #owner: LineBudgetOwner;
  #lines = 0;
  #bytes = 0;
  #skippedLines = 0;
  #skippedBytes = 0;
  #cancel: Cancel | undefined;

  constructor(owner: LineBudgetOwner) {
    this.#owner = owner;
  }

  get isUsedUp(): boolean {
    return this.#lines >= LINES_MAX || this.#bytes >= OUTPUT_BYTES_MAX;
  }

  /** Answers whether the line may be read. */
  takeLine(): boolean {
    this.#begin();
    if (this.isUsedUp) {
      this.#skippedLines++;
      return false;
    }
    this.#lines++;
    return true;
  }

  takeBytes(count: number): void {
    this.#begin();
    this.#bytes += count;
  }

  skipBytes(count: number): void {
    this.#begin();
    this.#skippedBytes += count;
  }

  /** Tells what was skipped, and of nothing any more until it is used again. */
  stop(): void {
    this.#cancel?.();
    this.#end();
  }

  #begin(): void {
    this.#cancel ??= this.#owner.clock.after(BUDGET_INTERVAL_MS, () => this.#end());
  }

  #end(): void {
    const [lines, bytes] = [this.#skippedLines, this.#skippedBytes];
    this.#cancel = undefined;
    this.#lines = 0;
    this.#bytes = 0;
    this.#skippedLines = 0;
    this.#skippedBytes = 0;
    if (lines > 0 || bytes > 0) this.#owner.onSkipped(lines, bytes);
  }
}
