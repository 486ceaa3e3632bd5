/** How long to wait before the next try. */

import { CcpError } from "./errors.ts";
import { limitRange } from "./limits.ts";

/** A refused dial is tried again soon enough for nobody to notice a restart. */
const MIN_MS = 250;

/** What an operator bears to wait for a server that has come back. */
const MAX_MS = 15_000;

/**
 * Full jitter draws from 0, and a run of low draws would be a busy loop of refused dials. A tenth
 * keeps that to 40 tries a second at worst and takes nearly nothing from the spread.
 */
const FLOOR_SHARE = 0.1;

export interface BackoffOptions {
  /** The longest first delay; each further one may be twice as long. */
  readonly minMs?: number;
  /** What no delay exceeds. */
  readonly maxMs?: number;
  /** A number from 0 to below 1, as `Math.random` gives. */
  readonly random?: () => number;
}

/**
 * Exponential backoff with full jitter: each delay is drawn evenly from all that the number of tries
 * allows, so that many who lost the same server do not come back to it at once.
 */
export class Backoff {
  readonly #minMs: number;
  readonly #maxMs: number;
  readonly #random: () => number;
  #attempts = 0;

  /** @throws {CcpError} `invalid_option` that names the option and its range */
  constructor(options: BackoffOptions = {}) {
    const { minMs = MIN_MS, maxMs = MAX_MS, random = Math.random } = options;
    const range = limitRange("maxMs");
    checkWhole("maxMs", maxMs, range);
    checkWhole("minMs", minMs, { min: range.min, max: maxMs });
    this.#minMs = minMs;
    this.#maxMs = maxMs;
    this.#random = random;
  }

  /** Delays given since the start or the last reset. */
  get attempts(): number {
    return this.#attempts;
  }

  /** The delay before the next try, in whole milliseconds. */
  next(): number {
    const ceilingMs = Math.min(this.#maxMs, this.#minMs * 2 ** this.#attempts);
    const floorMs = this.#minMs * FLOOR_SHARE;
    this.#attempts += 1;
    // Rounded up, because a delay of 0 is none.
    return Math.ceil(floorMs + this.#random() * (ceilingMs - floorMs));
  }

  /** Starts over, after a success. */
  reset(): void {
    this.#attempts = 0;
  }
}

function checkWhole(
  name: string,
  value: number,
  { min, max }: { readonly min: number; readonly max: number },
): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new CcpError(
      "invalid_option",
      `backoff: ${name} must be a whole number from ${min} to ${max}, not ${value}`,
    );
  }
}
