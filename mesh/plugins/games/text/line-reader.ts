import { LINE_CHARS_MAX } from "./limits.ts";

/**
 * Bytes in, lines out, without their line breaks. What is no UTF-8 is replaced. A line that is too long is cut, and
 * the rest of it forgotten.
 */
export class LineReader {
  readonly #onLine: (line: string) => void;
  #decoder = new TextDecoder();
  /** The beginning of a line whose end has not come. */
  #partial = "";
  /** The line's beginning was not read. */
  #skips = false;

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  push(chunk: Uint8Array): void {
    const text = this.#decoder.decode(chunk, { stream: true });
    let start = 0;
    for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", start)) {
      this.#add(text.slice(start, end));
      this.#emit();
      start = end + 1;
    }
    this.#add(text.slice(start));
  }

  /** What has come since the last line break is a line, if there is anything: no more of it comes. */
  end(): void {
    this.#add(this.#decoder.decode());
    if (this.#partial !== "") this.#emit();
  }

  /** Forgets what has come since the last line break. */
  reset(): void {
    this.#decoder = new TextDecoder();
    this.#partial = "";
    this.#skips = false;
  }

  /** As {@link reset}; what comes before the next line break is the end of a line, and no line. */
  skipToNext(): void {
    this.reset();
    this.#skips = true;
  }

  #add(piece: string): void {
    const room = LINE_CHARS_MAX - this.#partial.length;
    if (room > 0) this.#partial += piece.slice(0, room);
  }

  #emit(): void {
    const line = this.#partial.replace(/\r$/, "");
    const isWhole = !this.#skips;
    this.#partial = "";
    this.#skips = false;
    if (isWhole) this.#onLine(line);
  }
}
