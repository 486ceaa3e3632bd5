import type { Socket } from "node:net";

/** What happens to bytes on their way in one direction. Nothing, where nothing is said. */
export interface Faults {
  /**
   * `hold`: nothing passes, and all of it comes once the fault is over, as TCP has it after a cable was
   * pulled. `vanish`: what is sent is thrown away, the end of the connection included.
   */
  readonly cut?: "hold" | "vanish";
  readonly latencyMs?: number;
  /** Up to so much is added to the latency, by chance. Bytes keep their order all the same. */
  readonly jitterMs?: number;
  readonly bytesPerSecond?: number;
  /** Every write is cut into pieces of so many bytes, each in a turn of its own. */
  readonly sliceBytes?: number;
}

/** What a lane keeps before it stops reading. */
const QUEUED_BYTES_MAX = 256 * 1024;

type Item =
  | { readonly kind: "bytes"; readonly bytes: Buffer; readonly dueMs: number }
  | { readonly kind: "end" | "reset"; readonly dueMs: number };

export interface LaneOptions {
  readonly from: Socket;
  readonly to: Socket;
  /** Asked again for whatever passes. */
  readonly faults: () => Faults;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly onPassed: (bytes: Buffer) => void;
}

/** One direction of a connection. */
export class FaultLane {
  readonly #options: LaneOptions;
  readonly #queue: Item[] = [];
  #queuedBytes = 0;
  #lastDueMs = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #turn: ReturnType<typeof setImmediate> | undefined;
  #isFull = false;
  #isAbandoned = false;

  constructor(options: LaneOptions) {
    this.#options = options;
    const { from, to } = options;
    let over = false;
    from.on("data", (chunk: Buffer) => this.#take(chunk));
    from.on("end", () => {
      over = true;
      if (this.#isAbandoned) from.destroy();
      this.#push({ kind: "end", dueMs: this.#dueMs() });
    });
    // Reported by "close".
    from.on("error", () => {});
    from.on("close", () => {
      if (!over) this.#push({ kind: "reset", dueMs: this.#dueMs() });
    });
    to.on("drain", () => {
      this.#isFull = false;
      this.pump();
    });
  }

  /** Passes on what may pass now; to be called when the faults have changed. */
  pump(): void {
    this.#forgetTimers();
    for (;;) {
      const [item] = this.#queue;
      if (item === undefined || this.#isFull || this.#faults.cut === "hold") return;
      const waitMs = item.dueMs - performance.now();
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.pump(), waitMs);
        return;
      }
      if (this.#pass(item)) return;
    }
  }

  /** Drops what waits. */
  stop(): void {
    this.#forgetTimers();
    this.#queue.length = 0;
    this.#queuedBytes = 0;
  }

  /** Passes on nothing any more, not even the end. */
  abandon(): void {
    this.#isAbandoned = true;
    this.stop();
  }

  get #faults(): Faults {
    return this.#isAbandoned ? { cut: "vanish" } : this.#options.faults();
  }

  #take(chunk: Buffer): void {
    this.#push({ kind: "bytes", bytes: chunk, dueMs: this.#dueMs() });
    if (this.#queuedBytes >= QUEUED_BYTES_MAX) this.#options.from.pause();
  }

  #push(item: Item): void {
    if (this.#faults.cut === "vanish") return;
    this.#queue.push(item);
    if (item.kind === "bytes") this.#queuedBytes += item.bytes.length;
    // While one that came before waits for its turn, so does this.
    if (this.#timer === undefined && this.#turn === undefined) this.pump();
  }

  #dueMs(): number {
    const { latencyMs = 0, jitterMs = 0 } = this.#faults;
    const dueMs = performance.now() + latencyMs + jitterMs * this.#options.random();
    this.#lastDueMs = Math.max(this.#lastDueMs, dueMs);
    return this.#lastDueMs;
  }

  /** Answers whether the next one has to wait. */
  #pass(item: Item): boolean {
    const { from, to, onPassed } = this.#options;
    if (to.destroyed) {
      // As a system answers what comes for a connection that is gone.
      this.stop();
      from.resetAndDestroy();
      return true;
    }
    if (item.kind !== "bytes") {
      this.#queue.shift();
      if (item.kind === "end") to.end();
      else to.resetAndDestroy();
      return false;
    }
    const { sliceBytes = Number.POSITIVE_INFINITY, bytesPerSecond } = this.#faults;
    // A slow line carries something ten times a second.
    const atOnceBytes = Math.ceil((bytesPerSecond ?? Number.POSITIVE_INFINITY) / 10);
    const mostBytes = Math.min(sliceBytes, atOnceBytes);
    const bytes = item.bytes.subarray(0, mostBytes);
    const rest = item.bytes.subarray(bytes.length);
    if (rest.length > 0) this.#queue[0] = { ...item, bytes: rest };
    else this.#queue.shift();
    this.#queuedBytes -= bytes.length;
    onPassed(bytes);
    this.#isFull = !to.write(bytes);
    if (this.#queuedBytes < QUEUED_BYTES_MAX && !from.destroyed) from.resume();
    if (bytesPerSecond !== undefined) {
      this.#timer = setTimeout(() => this.pump(), (bytes.length / bytesPerSecond) * 1000);
      return true;
    }
    if (Number.isFinite(sliceBytes)) {
      this.#turn = setImmediate(() => this.pump());
      return true;
    }
    return false;
  }

  #forgetTimers(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#turn);
    this.#timer = undefined;
    this.#turn = undefined;
  }
}
