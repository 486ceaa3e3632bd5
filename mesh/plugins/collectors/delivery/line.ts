import { ASIDE_MAX } from "../limits.ts";
import type { Lot } from "./lot.ts";

/** The lots in hand, oldest first, and those that were refused and have stepped aside to let others pass. */
export class Line {
  readonly #inOrder: boolean;
  readonly #lots: Lot[] = [];
  readonly #aside: Lot[] = [];

  constructor({ inOrder }: { readonly inOrder: boolean }) {
    this.#inOrder = inOrder;
  }

  /** Without those aside. */
  get length(): number {
    return this.#lots.length;
  }

  get isAsideFull(): boolean {
    return this.#aside.length >= ASIDE_MAX;
  }

  /** The oldest of them, not aside, that was not refused alone yet. */
  get untried(): Lot | undefined {
    return this.#lots.find(({ refusals }) => refusals === 0);
  }

  /** Oldest first, and those aside. */
  get lots(): readonly Lot[] {
    return [...this.#lots, ...this.#aside];
  }

  /** Whether one of them was sent before, and is not there yet. */
  get hasUnsettled(): boolean {
    return this.#aside.length > 0 || this.#lots.some(isSentAgain);
  }

  add(lot: Lot): void {
    this.#lots.push(lot);
  }

  /** The next to be sent now. With `isProbe`, the oldest or nothing. */
  next(nowMs: number, isProbe: boolean): Lot | undefined {
    return this.#candidates(isProbe).find(
      ({ state, dueMs }) => state === "resting" && dueMs <= nowMs,
    );
  }

  /** When `next` will have one; `Infinity` if time alone does not bring it. */
  soonestMs(isProbe: boolean): number {
    const resting = this.#candidates(isProbe).filter(({ state }) => state === "resting");
    return Math.min(...resting.map(({ dueMs }) => dueMs));
  }

  /** It is delivered, or set aside for good. */
  remove(lot: Lot): void {
    for (const list of [this.#lots, this.#aside]) {
      const index = list.indexOf(lot);
      if (index !== -1) list.splice(index, 1);
    }
  }

  /** Puts its halves in its place. */
  split(lot: Lot): void {
    const index = this.#lots.indexOf(lot);
    if (index !== -1) this.#lots.splice(index, 1, ...lot.halves());
  }

  stepAside(lot: Lot): void {
    if (this.#aside.includes(lot) || this.isAsideFull) return;
    this.remove(lot);
    this.#aside.push(lot);
  }

  /** The receiver is there, so that those who failed need not wait longer than this. */
  hasten(untilMs: number): void {
    for (const lot of this.#lots) lot.dueMs = Math.min(lot.dueMs, untilMs);
  }

  /** As `hasten`, for those aside. */
  hastenAside(untilMs: number): void {
    for (const lot of this.#aside) lot.dueMs = Math.min(lot.dueMs, untilMs);
  }

  #candidates(isProbe: boolean): readonly Lot[] {
    if (isProbe) return (this.#lots.length > 0 ? this.#lots : this.#aside).slice(0, 1);
    if (this.isAsideFull) return this.#aside;
    const lots = this.#inOrder ? this.#lots.slice(0, 1) : this.#lots;
    return this.#aside.length === 0 ? lots : [...this.#aside, ...lots];
  }
}

function isSentAgain({ sends, state }: Lot): boolean {
  return sends > (state === "sending" ? 1 : 0);
}
