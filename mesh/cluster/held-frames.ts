import { SMALL_FRAME_BYTES_MAX } from "../frame.ts";
import { HELD_CONTROL_BYTES } from "./limits.ts";

export interface HeldFrame {
  readonly frame: Uint8Array;
  /** `undefined` for a frame of control. */
  readonly order: string | undefined;
}

/** Frames that wait until it is known which way they go, or came, bounded as a link's queue is. [MESH-5.3], [MESH-5.4] */
export class HeldFrames {
  readonly #bytesMax: number;
  readonly #frames: HeldFrame[] = [];
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Answers whether there was room. */
  push(frame: Uint8Array, order: string | undefined): boolean {
    const bytesMax = this.#bytesMax + (order === undefined ? HELD_CONTROL_BYTES : 0);
    if (this.#bytes + frame.length > bytesMax) return false;
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
