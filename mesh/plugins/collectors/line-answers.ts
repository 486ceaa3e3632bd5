import { ANSWER_BYTES_MAX } from "./socket-limits.ts";

const NEWLINE = 0x0a;

/** Cuts what a receiver says into lines; hands out the one that is waited for, and drops the others. */
export class LineAnswers {
  #line = "";
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
    const line = this.#line.trim();
    this.#clear();
    this.#waiting.resolve(line);
    this.#waiting = undefined;
  }

  /** Nothing more comes. */
  stop(): void {
    this.#waiting?.resolve(undefined);
    this.#waiting = undefined;
  }

  /** Cut at a byte, which only shows in what is too long to be an answer. */
  #keep(part: Buffer): void {
    const room = ANSWER_BYTES_MAX - this.#bytes;
    if (room <= 0) return;
    this.#line += part.toString("latin1", 0, room);
    this.#bytes += Math.min(part.length, room);
  }

  #clear(): void {
    this.#line = "";
    this.#bytes = 0;
  }
}
