import type { Clock } from "../../../index.ts";
import { LineReader } from "../text-parts.ts";
import { FLOOD_PAUSE_MS } from "./limits.ts";
import type { LineBudget } from "./line-budget.ts";

const NEWLINE = 0x0a;

/** What is used of a stream's reader. */
interface ChunkReader {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  cancel(): Promise<void>;
}

export interface OutputReaderOptions {
  readonly stream: ReadableStream<Uint8Array>;
  readonly budget: LineBudget;
  readonly clock: Clock;
  readonly onLine: (line: string) => void;
}

/**
 * Reads what a process prints, for as long as it prints: one that nobody reads would stand still. What is beyond the
 * budget is skipped, with a pause before each read, so that a flood costs the node little.
 */
export class OutputReader {
  /** Resolves at the end of the output. */
  readonly ended: Promise<void>;
  readonly #options: OutputReaderOptions;
  readonly #reader: ChunkReader;
  readonly #lines: LineReader;

  constructor(options: OutputReaderOptions) {
    this.#options = options;
    this.#lines = new LineReader((line) => {
      if (options.budget.takeLine()) options.onLine(line);
    });
    this.#reader = options.stream.getReader();
    this.ended = this.#run();
  }

  /** Reads no more. */
  cancel(): void {
    this.#reader.cancel().catch(() => undefined);
  }

  async #run(): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await this.#reader.read();
        if (done || value === undefined) break;
        if (this.#take(value)) continue;
        await new Promise<void>((resolve) => {
          this.#options.clock.after(FLOOD_PAUSE_MS, resolve);
        });
      }
      this.#lines.end();
    } catch {
      // It is gone, and so is the process; what matters is told by its end.
    }
  }

  /** Answers `false` if it was skipped. */
  #take(chunk: Uint8Array): boolean {
    const { budget } = this.#options;
    if (budget.isUsedUp) {
      budget.skipBytes(chunk.length);
      if (chunk.at(-1) === NEWLINE) this.#lines.reset();
      else this.#lines.skipToNext();
      return false;
    }
    budget.takeBytes(chunk.length);
    this.#lines.push(chunk);
    return true;
  }
}
