import { SMALL_FRAME_BYTES_MAX } from "../frame.ts";

export interface HeldFramesOptions {
  /** For all that is held, messages and what must arrive. */
  readonly bytesMax: number;
  /** What must arrive may take so many more. */
  readonly controlBytesMax: number;
}

export interface HeldFrame {
  readonly frame: Uint8Array;
  /** `undefined` for a frame of control. */
  readonly order: string | undefined;
}

/** Frames that wait until it is known which way they go, or came, bounded as a link's queue is. [MESH-5.3], [MESH-5.4] */
export class HeldFrames {
  readonly #options: HeldFramesOptions;
  readonly #frames: HeldFrame[] = [];
  #bytes = 0;

  constructor(options: HeldFramesOptions) {
    this.#options = options;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Answers whether there was room. */
  push(frame: Uint8Array, order: string | undefined): boolean {
    const { bytesMax, controlBytesMax } = this.#options;
    const mostBytes = bytesMax + (order === undefined ? controlBytesMax : 0);
    if (this.#bytes + frame.length > mostBytes) return false;
    // As a link does, whose sender may use the memory of a small frame again. A Buffer's `slice` would be no copy.
    const kept = frame.length > SMALL_FRAME_BYTES_MAX ? frame : new Uint8Array(frame);
    this.#frames.push({ frame: kept, order });
    this.#bytes += frame.length;
    return true;
  }

  [Symbol.iterator](): Iterator<HeldFrame> {
    return this.#frames[Symbol.iterator]();
  }
}
