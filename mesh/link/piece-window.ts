import { PIECES_WINDOW_BYTES } from "./link-frames.ts";

const KiB = 1024;

/** What the other side may owe credit for, and the next piece: with less on the way, neither might ever move. */
const WINDOW_BYTES_MIN = 128 * KiB;

/** What is behind a large frame may wait so long for it beyond the line's own time. */
const DELAY_MS = 250;

/** A piece that was sent, with all before it. */
interface Mark {
  readonly sentBytes: number;
  readonly sinceMs: number;
}

/**
 * How many bytes in pieces may be on the way: as many as keep the line busy, and on a slow one no more, because a small
 * frame stands behind all of them. [MESH-4.2]
 */
export class PieceWindow {
  /** A clock that never goes back, in milliseconds. */
  readonly #now: () => number;
  #bytesMax = WINDOW_BYTES_MIN;
  #sentBytes = 0;
  #creditedBytes = 0;
  /** The piece whose credit is timed. */
  #mark: Mark | undefined;
  /** The least time between a piece and its credit: the line's own. */
  #leastMs = Number.POSITIVE_INFINITY;

  constructor(now: () => number) {
    this.#now = now;
  }

  get creditedBytes(): number {
    return this.#creditedBytes;
  }

  hasRoomFor(bytes: number): boolean {
    return this.#sentBytes - this.#creditedBytes + bytes <= this.#bytesMax;
  }

  /** Of the last piece of a frame, credit may come much later. */
  onSent(bytes: number, { isLast }: { readonly isLast: boolean }): void {
    this.#sentBytes += bytes;
    if (!isLast) this.#mark ??= { sentBytes: this.#sentBytes, sinceMs: this.#now() };
  }

  /** Answers whether that much was on the way. */
  onCredit(bytes: number): boolean {
    if (bytes > this.#sentBytes - this.#creditedBytes) return false;
    this.#creditedBytes += bytes;
    const mark = this.#mark;
    if (mark !== undefined && this.#creditedBytes >= mark.sentBytes) {
      this.#mark = undefined;
      this.#adjust(this.#now() - mark.sinceMs);
    }
    return true;
  }

  /** What takes as many times too long has as many times too much on the way, or less than it could have. */
  #adjust(tookMs: number): void {
    this.#leastMs = Math.min(this.#leastMs, tookMs);
    const bytes = (this.#bytesMax * (this.#leastMs + DELAY_MS)) / tookMs;
    this.#bytesMax = Math.min(PIECES_WINDOW_BYTES, Math.max(WINDOW_BYTES_MIN, bytes));
  }
}
