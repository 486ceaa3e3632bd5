import { ANSWER_BYTES_MAX } from "./socket-limits.ts";

const NEWLINE = 0x0a;

/** Cuts what a receiver says into lines; hands out the one that is waited for, and drops the others. */
export class LineAnswers {
  #parts: Buffer[] = [];
  #bytes = 0;
  #waiting: PromiseWithResolvers<string | undefined> | undefined;

  /** The first line that begins from now on, or nothing if there will be none. */
  next(): Promise<string | undefined> {
    this.#waiting = Promise.withResolvers();
    this.#clear();
    return this.#waiting.promise;
  }

  push(chunk: Buffer): void {
    if (this.#waiting === undefined) return;
    const end = chunk.indexOf(NEWLINE);
    this.#keep(end === -1 ? chunk : chunk.subarray(0, end));
    if (end === -1) return;
    const line = this.#text().trim();
    this.#clear();
    this.#waiting.resolve(line);
    this.#waiting = undefined;
  }

  /** Nothing more comes. */
  stop(): void {
    this.#waiting?.resolve(undefined);
    this.#waiting = undefined;
  }

  #keep(chunk: Buffer): void {
    const part = chunk.subarray(0, ANSWER_BYTES_MAX - this.#bytes);
    if (part.length === 0) return;
    // A copy: a part would hold on to the whole chunk.
    this.#parts.push(Buffer.from(part));
    this.#bytes += part.length;
  }

  /** Whole characters alone: a chunk may end in the middle of one, and so may what is too long. */
  #text(): string {
    return new TextDecoder().decode(Buffer.concat(this.#parts), { stream: true });
  }

  #clear(): void {
    this.#parts = [];
    this.#bytes = 0;
  }
}
