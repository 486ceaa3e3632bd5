export interface TokenBucketOptions {
  /** How many there are at first, and at most. */
  readonly max: number;
  readonly perSecond: number;
  /** A clock that never goes back, in milliseconds. */
  readonly now: () => number;
}

/** Lets a burst of something happen, and then so many a second. */
export class TokenBucket {
  readonly #options: TokenBucketOptions;
  #tokens: number;
  #filledAtMs: number;

  constructor(options: TokenBucketOptions) {
    this.#options = options;
    this.#tokens = options.max;
    this.#filledAtMs = options.now();
  }

  /** Answers whether there were as many; if not, none is taken. */
  take(count = 1): boolean {
    this.#fill();
    if (this.#tokens < count) return false;
    this.#tokens -= count;
    return true;
  }

  /** When there will be one. */
  get waitMs(): number {
    this.#fill();
    return Math.max(0, Math.ceil(((1 - this.#tokens) * 1000) / this.#options.perSecond));
  }

  #fill(): void {
    const { max, perSecond, now } = this.#options;
    const nowMs = now();
    const gained = ((nowMs - this.#filledAtMs) * perSecond) / 1000;
    this.#tokens = Math.min(max, this.#tokens + gained);
    this.#filledAtMs = nowMs;
  }
}
