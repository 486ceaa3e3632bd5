import { createHash } from "node:crypto";
import type { Transport, TransportHandler } from "../../../src/index.ts";

/** What one end sends and the other has not taken yet. */
interface Direction {
  readonly chunks: Buffer[];
  bytes: number;
  /** `shut` once no more follows, and `told` once the reader knows. */
  state: "open" | "shut" | "told";
}

/** Sizes of the chunks in which the bytes arrive. */
export type Cuts = () => number;

/** One end of a connection in memory. */
export class LineEnd implements Transport {
  handler: TransportHandler | undefined;
  /** Whether what the other end sends is taken. */
  reading = true;
  state: "open" | "closed" = "open";
  readonly out: Direction = { chunks: [], bytes: 0, state: "open" };
  readonly #capacity: number;
  #isFull = false;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  write(bytes: Uint8Array, start: number, length: number): number {
    if (this.state === "closed" || this.out.state !== "open") return -1;
    const count = Math.min(length, this.#capacity - this.out.bytes);
    if (count > 0) this.out.chunks.push(Buffer.from(bytes.subarray(start, start + count)));
    this.out.bytes += count;
    this.#isFull = count < length;
    return count;
  }

  shutdown(): void {
    if (this.out.state === "open") this.out.state = "shut";
  }

  terminate(): void {
    this.state = "closed";
  }

  pause(): void {
    throw new Error("a link reads on, always");
  }

  resume(): void {}

  /** Both ends have the same. */
  exportKeyingMaterial(bytes: number, label: string): Uint8Array {
    return createHash("sha256").update(label).digest().subarray(0, bytes);
  }

  /** Tells that there is room again, if there was none. */
  drain(): boolean {
    if (!this.#isFull || this.out.bytes === this.#capacity || this.state === "closed") return false;
    this.#isFull = false;
    this.handler?.onDrain();
    return true;
  }

  tellClosed(): void {
    this.state = "closed";
    const { handler } = this;
    this.handler = undefined;
    handler?.onClose();
  }
}

/** A connection in memory. Bytes move when `pump` says so, and never more than `capacity` are between the ends. */
export class MemoryLine {
  readonly left: LineEnd;
  readonly right: LineEnd;
  readonly #cuts: Cuts;

  constructor({ capacity = 256 * 1024, cuts = () => 65_536 }: LineOptions = {}) {
    this.left = new LineEnd(capacity);
    this.right = new LineEnd(capacity);
    this.#cuts = cuts;
  }

  /** Moves what there is, again and again, until nothing moves any more. */
  async settle(): Promise<void> {
    for (let idle = 0; idle < 3; idle += 1) {
      // Frames leave when the turn in which they were sent is over.
      await new Promise<void>((resolve) => {
        setImmediate(resolve);
      });
      while (this.pump()) idle = 0;
    }
  }

  /** Moves one chunk in each direction, and answers whether anything happened. */
  pump(): boolean {
    const moved = [this.#move(this.left, this.right), this.#move(this.right, this.left)];
    const closed = this.#closeBoth();
    return moved.includes(true) || closed;
  }

  #move(from: LineEnd, to: LineEnd): boolean {
    const { out } = from;
    if (!to.reading || to.state === "closed" || to.handler === undefined) return false;
    if (out.bytes > 0) {
      const chunk = takeFrom(out, Math.max(1, this.#cuts()));
      to.handler.onData(chunk);
      from.drain();
      return true;
    }
    if (out.state !== "shut") return false;
    out.state = "told";
    to.handler.onEnd();
    return true;
  }

  /** A connection is over when one end says so, or both have said all. */
  #closeBoth(): boolean {
    const { left, right } = this;
    const isOver =
      left.state === "closed" ||
      right.state === "closed" ||
      (left.out.state === "told" && right.out.state === "told");
    if (!isOver || (left.handler === undefined && right.handler === undefined)) return false;
    left.tellClosed();
    right.tellClosed();
    return true;
  }
}

export interface LineOptions {
  readonly capacity?: number;
  readonly cuts?: Cuts;
}

/** A copy, because a transport hands out chunks that are nobody else's. */
function takeFrom(direction: Direction, most: number): Buffer {
  const first = direction.chunks[0] ?? Buffer.alloc(0);
  const chunk = Buffer.from(first.subarray(0, most));
  if (chunk.length === first.length) direction.chunks.shift();
  else direction.chunks[0] = first.subarray(chunk.length);
  direction.bytes -= chunk.length;
  return chunk;
}
