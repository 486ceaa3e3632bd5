import type { Logger } from "../../../index.ts";
import { BURIED_LOGGED_EVERY_MS, TROUBLE_LOGGED_EVERY_MS } from "../limits.ts";

/** Tells the operator when trouble comes, changes and goes; not each time that it is still there. */
export class TroubleLog {
  readonly #log: Logger;
  #told: { readonly text: string; readonly atMs: number } | undefined;

  #unnotedToldMs: number | undefined;
  #buriedToldMs: number | undefined;
  #buriedUntold = 0;

  constructor(log: Logger) {
    this.#log = log;
  }

  failed(text: string, nowMs: number): void {
    if (this.#isKnown(text, nowMs)) return;
    this.#told = { text, atMs: nowMs };
    this.#log.warn(`events not delivered: ${text}`);
  }

  delivered(where: string): void {
    if (this.#told === undefined) return;
    this.#told = undefined;
    this.#log.info("events are delivered again", { where });
  }

  /** Where batches end could not be noted; they are sent all the same. */
  unnoted(reason: string, nowMs: number): void {
    const toldMs = this.#unnotedToldMs;
    if (toldMs !== undefined && nowMs - toldMs < TROUBLE_LOGGED_EVERY_MS) return;
    this.#unnotedToldMs = nowMs;
    const text = "batches cannot be noted, so that after a crash events may come under another key";
    this.#log.warn(text, { reason });
  }

  /** With how many there were since it was told the last time. */
  buried(seq: number, reason: string, nowMs: number): void {
    this.#buriedUntold += 1;
    const toldMs = this.#buriedToldMs;
    if (toldMs !== undefined && nowMs - toldMs < BURIED_LOGGED_EVERY_MS) return;
    const events = this.#buriedUntold;
    this.#log.warn("events set aside, as they cannot be delivered", { events, seq, reason });
    this.#buriedToldMs = nowMs;
    this.#buriedUntold = 0;
  }

  #isKnown(text: string, nowMs: number): boolean {
    const told = this.#told;
    return told?.text === text && nowMs - told.atMs < TROUBLE_LOGGED_EVERY_MS;
  }
}
