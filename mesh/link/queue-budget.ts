/** How much a link's count may be behind what it has queued: 16 MiB over 256 links. */
const STEP_BYTES = 64 * 1024;

/**
 * What all links of a node together have queued. Each link counts itself now and then, so that a message
 * costs a comparison.
 */
export class QueueBudget {
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get isFull(): boolean {
    return this.#bytes >= this.#bytesMax;
  }

  /** What one link has queued; answers what to give as `counted` the next time. */
  count(queuedBytes: number, counted: number): number {
    const change = queuedBytes - counted;
    if (queuedBytes > 0 && Math.abs(change) < STEP_BYTES) return counted;
    this.#bytes += change;
    return queuedBytes;
  }
}
