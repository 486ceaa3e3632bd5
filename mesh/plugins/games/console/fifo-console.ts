import { constants, type FileHandle, open } from "node:fs/promises";
import { type Clock, type SayOutcome, SYSTEM_CLOCK } from "../../../index.ts";
import type { SessionEnd } from "../adapter.ts";
import type { Console, ConsoleEvents, OpenConsole } from "../text-parts.ts";
import { FIFO_RETRY_MS, INPUT_BYTES_MAX } from "./limits.ts";

export interface FifoConsoleOptions {
  /** Of a named pipe that the game reads, or of a file. */
  readonly path: string;
  readonly clock?: Clock;
}

/** A game that somebody else started, and that reads commands from a pipe or a file. */
export class FifoConsole implements Console {
  readonly where: string;
  readonly #options: FifoConsoleOptions;

  constructor(options: FifoConsoleOptions) {
    this.where = options.path;
    this.#options = options;
  }

  open(events: ConsoleEvents): OpenConsole {
    return new OpenFifo(this.#options, events);
  }
}

class OpenFifo implements OpenConsole {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #events: ConsoleEvents;
  readonly #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #state: "opening" | "ready" | "over" = "opening";
  #running: Promise<void>;
  /** Wakes the writer, when there is something to write or nothing more to do. */
  #news: PromiseWithResolvers<void> = Promise.withResolvers();

  constructor({ path, clock = SYSTEM_CLOCK }: FifoConsoleOptions, events: ConsoleEvents) {
    this.#path = path;
    this.#clock = clock;
    this.#events = events;
    this.#running = this.#run();
  }

  async send(command: string): Promise<SayOutcome> {
    if (this.#state !== "ready") return "down";
    const bytes = Buffer.from(`${command}\n`);
    if (this.#waitingBytes + bytes.length > INPUT_BYTES_MAX) return "queue_full";
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#news.resolve();
    return "sent";
  }

  async close(): Promise<void> {
    this.#state = "over";
    this.#news.resolve();
    await this.#running;
  }

  async #run(): Promise<void> {
    let file: FileHandle | undefined;
    try {
      // Without it, opening would wait for the game; and a reader that stands still would hold the node.
      file = await open(this.#path, constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK);
      if (this.#isOver()) return;
      this.#state = "ready";
      this.#events.onReady();
      while (!this.#isOver()) await this.#writeOrWait(file);
    } catch (cause) {
      this.#end(failure(this.#path, cause, this.#state === "ready"));
    } finally {
      await file?.close().catch(() => undefined);
    }
  }

  async #writeOrWait(file: FileHandle): Promise<void> {
    const [first] = this.#waiting;
    if (first === undefined) {
      this.#news = Promise.withResolvers();
      await this.#news.promise;
      return;
    }
    const taken = await written(file, first);
    this.#waitingBytes -= taken;
    if (taken === first.length) this.#waiting.shift();
    else {
      this.#waiting[0] = first.subarray(taken);
      await this.#pause();
    }
  }

  async #pause(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#clock.after(FIFO_RETRY_MS, resolve);
    });
  }

  #end(end: SessionEnd): void {
    if (this.#isOver()) return;
    this.#state = "over";
    this.#events.onOver(end);
  }

  // A method, because the compiler does not expect it to be closed meanwhile.
  #isOver(): boolean {
    return this.#state === "over";
  }
}

/** How much of it the other side has taken. */
async function written(file: FileHandle, bytes: Uint8Array): Promise<number> {
  try {
    return (await file.write(bytes)).bytesWritten;
  } catch (error) {
    if (codeOf(error) === "EAGAIN") return 0;
    throw error;
  }
}

function failure(path: string, cause: unknown, wasReady: boolean): SessionEnd {
  const code = codeOf(cause);
  if (code === "ENXIO") {
    return {
      kind: "unreachable",
      text: `nobody reads ${path}: see that the game runs and reads it`,
    };
  }
  if (code === "EPIPE") return { kind: "lost", text: `the game does not read ${path} any more` };
  const kind = wasReady ? "lost" : code === "ENOENT" ? "unreachable" : "failed";
  const text = `${path} cannot be written (${code}): is it the pipe that the game reads, and may this user write there?`;
  return { kind, text };
}

function codeOf(error: unknown): string {
  const isCoded = typeof error === "object" && error !== null && "code" in error;
  return isCoded ? String(error.code) : String(error);
}
