export interface SeenIdsOptions {
  readonly idsMax: number;
  readonly ageMs: number;
}

/** Which messages were there already, of the last ones. Their ids must be of bounded length. */
export class SeenIds {
  readonly #options: SeenIdsOptions;
  /** When each came; the longest known first. */
  readonly #seenAtMs = new Map<string, number>();
  #changes = 0;

  constructor(options: SeenIdsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#seenAtMs.size;
  }

  /** How often one came or was taken out. */
  get changes(): number {
    return this.#changes;
  }

  /** Answers whether it is new. A second one does not make it stay longer. `nowMs` is of a clock that never goes back. */
  add(id: string, nowMs: number): boolean {
    this.#forget(nowMs);
    if (this.#seenAtMs.has(id)) return false;
    this.#seenAtMs.set(id, nowMs);
    this.#changes += 1;
    return true;
  }

  has(id: string): boolean {
    return this.#seenAtMs.has(id);
  }

  remove(id: string): void {
    if (this.#seenAtMs.delete(id)) this.#changes += 1;
  }

  /** So many of those that came last. */
  last(count: number): readonly string[] {
    return [...this.#seenAtMs.keys()].slice(-count);
  }

  /** What is too old, and one more where there is no room. */
  #forget(nowMs: number): void {
    const { idsMax, ageMs } = this.#options;
    for (const [id, seenAtMs] of this.#seenAtMs) {
      if (nowMs - seenAtMs < ageMs && this.#seenAtMs.size < idsMax) return;
      this.#seenAtMs.delete(id);
    }
  }
}
