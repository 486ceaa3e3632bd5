import type { FileSink } from "bun";
import { INPUT_BYTES_MAX } from "./limits.ts";

/** The standard input of a process, which may not read it. */
export class ChildInput {
  readonly #sink: FileSink;
  /** Lines that wait until the one before them is taken. */
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #isWriting = false;

  constructor(sink: FileSink) {
    this.#sink = sink;
  }

  /** Answers `false` if so much waits already that it was dropped. */
  write(line: string): boolean {
    const bytes = Buffer.from(`${line}\n`);
    if (this.#waitingBytes + bytes.length > INPUT_BYTES_MAX) return false;
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (!this.#isWriting) void this.#run();
    return true;
  }

  close(): void {
    this.#waiting = [];
    this.#waitingBytes = 0;
    // What was given to it last may still wait, for a process that is not there.
    void Promise.try(() => this.#sink.end()).catch(() => undefined);
  }

  async #run(): Promise<void> {
    this.#isWriting = true;
    try {
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
        await this.#sink.write(next);
        await this.#sink.flush();
        this.#waitingBytes = Math.max(0, this.#waitingBytes - next.length);
      }
    } catch {
      // It closed its input, or has ended, which is told for itself.
    }
    this.#isWriting = false;
  }
}
