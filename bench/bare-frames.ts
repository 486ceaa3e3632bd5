/**
 * Frames like CCP's, a 3-byte length and a code before the data, by code that knows nothing else:
 * no states, no limits, no budgets. This is what ccp-mesh is measured against.
 */

const LENGTH_BYTES = 3;
const HEAD_BYTES = LENGTH_BYTES + 1;
const DATA_CODE = 0x05;

/** Writes larger than this gained nothing when measured. */
const FLUSH_BYTES = 64 * 1024;

/**
 * Where the first frame begins. Some processors copy twenty times slower when the target lies 1 to
 * 15 bytes past the source, whole pages aside, as the data behind a head at 0 does.
 */
const FIRST_AT = 64 - HEAD_BYTES;

/** The longest data that a measure may send. */
const DATA_BYTES_MAX = 64 * 1024;

/** The part of a socket that the writer needs. */
interface Sink {
  write(bytes: Uint8Array, offset: number, length: number): number;
}

/** Lays frames behind one another in a buffer of its own, and writes that once it is worth it. */
export class FrameWriter {
  readonly #sink: Sink;
  readonly #buffer = Buffer.allocUnsafeSlow(FIRST_AT + FLUSH_BYTES + HEAD_BYTES + DATA_BYTES_MAX);
  #start = FIRST_AT;
  #end = FIRST_AT;
  #waiting: (() => void) | undefined;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  /** `false` once the socket takes no more: then the next frame waits for `drained`. */
  push(data: Uint8Array): boolean {
    const at = this.#begin(data.length);
    this.#buffer.set(data, at);
    return this.#end < FLUSH_BYTES || this.flush();
  }

  /** Pushes a part of a chunk, without making an object of it first. */
  pushPart(chunk: Buffer, start: number, end: number): boolean {
    const at = this.#begin(end - start);
    chunk.copy(this.#buffer, at, start, end);
    return this.#end < FLUSH_BYTES || this.flush();
  }

  /** Whether the socket took everything. */
  flush(): boolean {
    if (this.#start === this.#end) return true;
    const taken = this.#sink.write(this.#buffer, this.#start, this.#end - this.#start);
    this.#start += Math.max(0, taken);
    if (this.#start < this.#end) return false;
    this.#start = FIRST_AT;
    this.#end = FIRST_AT;
    return true;
  }

  drained(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting = resolve;
    return promise;
  }

  /** To be called when the socket drains. */
  onDrain(): void {
    if (!this.flush()) return;
    this.#waiting?.();
    this.#waiting = undefined;
  }

  /** Writes the head of a frame; answers where its data goes. */
  #begin(dataBytes: number): number {
    const at = this.#end;
    this.#end = at + HEAD_BYTES + dataBytes;
    if (this.#end > this.#buffer.length) throw new Error("a frame was pushed while another waits");
    const length = dataBytes + 1;
    this.#buffer[at] = length >>> 16;
    this.#buffer[at + 1] = length >>> 8;
    this.#buffer[at + 2] = length;
    this.#buffer[at + 3] = DATA_CODE;
    return at + HEAD_BYTES;
  }
}

/** The data of the frame is `chunk` from `start` to `end`, and may be overwritten afterwards. */
export type OnFrame = (chunk: Buffer, start: number, end: number) => void;

/** Walks the frames of each chunk where they lie; copies only the one that is cut between chunks. */
export class FrameReader {
  readonly #onFrame: OnFrame;
  #cut: Buffer | undefined;
  #cutBytes = 0;

  constructor(onFrame: OnFrame) {
    this.#onFrame = onFrame;
  }

  push(chunk: Buffer): void {
    let at =
      this.#cut === undefined || this.#cutBytes === 0 ? 0 : this.#finishCut(this.#cut, chunk);
    while (chunk.length - at >= LENGTH_BYTES) {
      const end = at + LENGTH_BYTES + lengthAt(chunk, at);
      if (end > chunk.length) break;
      this.#onFrame(chunk, at + HEAD_BYTES, end);
      at = end;
    }
    if (at === chunk.length) return;
    this.#cut ??= Buffer.allocUnsafeSlow(HEAD_BYTES + DATA_BYTES_MAX);
    this.#cutBytes = chunk.copy(this.#cut, 0, at);
  }

  /** Takes what the cut frame lacks; answers the offset behind it. */
  #finishCut(cut: Buffer, chunk: Buffer): number {
    const at = this.#take(cut, chunk, 0, LENGTH_BYTES);
    if (this.#cutBytes < LENGTH_BYTES) return at;
    const bytes = LENGTH_BYTES + lengthAt(cut, 0);
    const end = this.#take(cut, chunk, at, bytes);
    if (this.#cutBytes < bytes) return end;
    this.#cutBytes = 0;
    this.#onFrame(cut, HEAD_BYTES, bytes);
    return end;
  }

  #take(cut: Buffer, chunk: Buffer, at: number, wantedBytes: number): number {
    if (this.#cutBytes >= wantedBytes) return at;
    const end = Math.min(chunk.length, at + wantedBytes - this.#cutBytes);
    this.#cutBytes += chunk.copy(cut, this.#cutBytes, at, end);
    return end;
  }
}

function lengthAt(bytes: Buffer, at: number): number {
  return ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
}
