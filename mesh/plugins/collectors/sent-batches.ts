import type { SocketEnd } from "./line-socket.ts";
import { KEPT_BYTES_MAX, KEPT_MS_MAX, RESENDS_MAX } from "./socket-limits.ts";

/** A batch as it went over the wire. */
export interface SentBatch {
  readonly bytes: Uint8Array;
  readonly atMs: number;
  /** How often it came again. */
  readonly resends: number;
}

export interface SentBatchesOptions {
  /** Before an orderly end, this long, what was sent may not have been dealt with. */
  readonly resendMs: number;
  /** A clock that only goes forward. */
  readonly nowMs: () => number;
}

/**
 * What was sent on a connection without acknowledgements, and may have been lost with it. As much as a system holds for
 * a peer, and no older than that.
 */
export class SentBatches {
  readonly #resendMs: number;
  readonly #nowMs: () => number;
  /** On the present connection, oldest first. */
  #sent: SentBatch[] = [];
  #sentBytes = 0;
  /** Of connections that are over: these come again. */
  #lost: SentBatch[] = [];

  constructor({ resendMs, nowMs }: SentBatchesOptions) {
    this.#resendMs = resendMs;
    this.#nowMs = nowMs;
  }

  /** What is to be sent again before anything else, oldest first. */
  get lost(): readonly Uint8Array[] {
    return this.#lost.map(({ bytes }) => bytes);
  }

  /** The same, to be handed on. */
  get lostBatches(): readonly SentBatch[] {
    return this.#lost;
  }

  /** Of another one, which is over. */
  takeOver(lost: readonly SentBatch[]): void {
    this.#lost.unshift(...lost);
  }

  add(bytes: Uint8Array): void {
    this.#push({ bytes, atMs: this.#nowMs(), resends: 0 });
    this.#prune();
  }

  /** All that was lost has been sent, on the present connection. */
  onResent(): void {
    const atMs = this.#nowMs();
    for (const { bytes, resends } of this.#lost) {
      if (resends + 1 < RESENDS_MAX) this.#push({ bytes, atMs, resends: resends + 1 });
    }
    this.#lost = [];
    this.#prune();
  }

  /**
   * The connection is over. One that ended in order was read to the end, or will be, but what its reader had at hand may
   * be lost; of one that broke nothing is known.
   */
  onEnd(end: SocketEnd): void {
    this.#prune();
    const sinceMs = end === "broken" ? Number.NEGATIVE_INFINITY : this.#nowMs() - this.#resendMs;
    this.#lost.push(...this.#sent.filter(({ atMs }) => atMs > sinceMs));
    this.onRead();
  }

  /** All that was sent on the present connection was read. */
  onRead(): void {
    this.#sent = [];
    this.#sentBytes = 0;
  }

  #push(sent: SentBatch): void {
    this.#sent.push(sent);
    this.#sentBytes += sent.bytes.length;
  }

  /** The last one stays, whatever its size. */
  #prune(): void {
    const sinceMs = this.#nowMs() - KEPT_MS_MAX;
    for (let [first] = this.#sent; first !== undefined; [first] = this.#sent) {
      const isDue = this.#sentBytes > KEPT_BYTES_MAX && this.#sent.length > 1;
      if (!isDue && first.atMs > sinceMs) return;
      this.#sent.shift();
      this.#sentBytes -= first.bytes.length;
    }
  }
}
