import { LINE_BYTES_MAX } from "./limits.ts";

const NUL = 0x00;

/**
 * Bytes in, lines out. A server ends each of its lines with a line break and at least one NUL. Only the NUL
 * counts: no text can contain one, whatever a server lets players write.
 */
export class LineSplitter {
  readonly #onLine: (line: string) => void;
  readonly #decoder = new TextDecoder();
  /** The beginning of a line whose end has not come. */
  #rest: Buffer = Buffer.alloc(0);

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  /** Answers `false` if a line is too long; nothing can be made of the rest then. */
  take(chunk: Uint8Array): boolean {
    // Bounded, as the rest is, by one line and what one read brings.
    const bytes = Buffer.concat([this.#rest, chunk]);
    let start = 0;
    for (let end = bytes.indexOf(NUL); end !== -1; end = bytes.indexOf(NUL, start)) {
      if (end - start > LINE_BYTES_MAX) return false;
      this.#emit(bytes.subarray(start, end));
      start = end + 1;
    }
    this.#rest = Buffer.from(bytes.subarray(start));
    return this.#rest.length <= LINE_BYTES_MAX;
  }

  #emit(bytes: Uint8Array): void {
    const line = this.#decoder.decode(bytes).replace(/[\r\n]+$/, "");
    if (line !== "") this.#onLine(line);
  }
}
