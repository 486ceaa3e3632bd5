/** No packet is shorter, and most are not much longer. */
const FIRST_BYTES = 256;

/** Bytes that come piece by piece, in one buffer that grows with what has come, not with claims. */
export class ByteRoom {
  #bytes: Buffer = Buffer.alloc(0);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** What has come; valid until the next `add` or `clear`. */
  get content(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  add(piece: Uint8Array): void {
    const length = this.#length + piece.length;
    if (length > this.#bytes.length) this.#grow(length);
    this.#bytes.set(piece, this.#length);
    this.#length = length;
  }

  clear(): void {
    this.#bytes = Buffer.alloc(0);
    this.#length = 0;
  }

  #grow(length: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(length, this.#bytes.length * 2, FIRST_BYTES));
    larger.set(this.content);
    this.#bytes = larger;
  }
}
