import type { Transport } from "../../src/transport.ts";

/** A byte stream in memory that takes as much as the test lets it. */
export class MemoryTransport implements Transport {
  /** Bytes it still takes before it is full. */
  capacity: number = Number.POSITIVE_INFINITY;
  /** `write` answers so once the stream is over, as sockets do. */
  state: "open" | "shut" | "terminated" = "open";
  paused = false;
  /** Writes that were tried. */
  writes = 0;
  readonly #taken: Buffer[] = [];

  write(bytes: Uint8Array, start: number, length: number): number {
    this.writes += 1;
    if (this.state !== "open") return -1;
    const count = Math.min(this.capacity, length);
    this.capacity -= count;
    this.#taken.push(Buffer.from(bytes.subarray(start, start + count)));
    return count;
  }

  shutdown(): void {
    if (this.state === "open") this.state = "shut";
  }

  terminate(): void {
    this.state = "terminated";
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  /** All bytes taken since the beginning. */
  get taken(): Buffer {
    return Buffer.concat(this.#taken);
  }
}
