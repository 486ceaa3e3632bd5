/**
 * Bytes in, messages out. The decoder knows no socket: it is pushed chunks of any size and calls
 * its handler once a message, in place wherever the whole message lies in one chunk.
 */

import type { ByteBudget } from "./byte-budget.ts";
import { HEADER_BYTES } from "./protocol.ts";

/** The code given for a message of length 0, which has none. [CCP-1.3] */
export const NO_CODE = -1;

/**
 * First room for a message that did not arrive whole. A longer one gets more only as its bytes
 * arrive, so that a header alone never costs what it claims.
 */
const FIRST_PARTIAL_BYTES = 64 * 1024;

export interface FrameHandler {
  /** The data of the message is `chunk` from `start` to `end`; `chunk` is never written again. */
  onFrame(code: number, chunk: Buffer, start: number, end: number): void;
  /** A header claims more than `bytesMax`. The decoder has stopped. */
  onOversize(claimedBytes: number): void;
  /** The budget has no room. Answers whether room was made; if not, the decoder has stopped. */
  onMemoryExhausted(): boolean;
}

/** An object of its own, because most connections have none most of the time. */
interface PartialMessage {
  room: Buffer;
  /** How many have arrived. */
  bytes: number;
  readonly length: number;
}

type DecoderState = "running" | "paused" | "stopped";

export class FrameDecoder {
  /** The longest message accepted, code included; may change between messages. */
  bytesMax: number;

  readonly #handler: FrameHandler;
  readonly #budget: ByteBudget | undefined;
  #state: DecoderState = "running";
  #walking = false;

  // A message that has not arrived whole: its header so far, then its bytes so far.
  #header = 0;
  #headerBytes = 0;
  #partial: PartialMessage | undefined;
  /** The number of the message that is arriving, or comes next. */
  #serial = 1;

  // Chunks that arrived, or were left over, while paused.
  #held: Buffer[] | undefined;
  #heldBytes = 0;

  constructor(handler: FrameHandler, bytesMax: number, budget?: ByteBudget) {
    this.#handler = handler;
    this.bytesMax = bytesMax;
    this.#budget = budget;
  }

  /** Bytes kept in memory by what waits for `resume`. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Bytes taken from the budget. */
  get takenBytes(): number {
    return this.#heldBytes + (this.#partial?.room.length ?? 0);
  }

  get paused(): boolean {
    return this.#state === "paused";
  }

  /** Whether a chunk is being decoded, which may hold more than the present message. */
  get busy(): boolean {
    return this.#walking;
  }

  /** Which message has begun and not arrived whole, by a number of its own; 0 if none has. */
  get partialSerial(): number {
    return this.#headerBytes > 0 || this.#partial !== undefined ? this.#serial : 0;
  }

  push(chunk: Buffer): void {
    if (this.#state === "stopped") return;
    if (this.#state === "paused" || this.#walking) {
      this.#hold(chunk);
      return;
    }
    this.#walk(chunk);
    if (this.#held !== undefined) this.#walkHeld();
  }

  /** Stops calling the handler after the present message; what arrives is held. */
  pause(): void {
    if (this.#state === "running") this.#state = "paused";
  }

  resume(): void {
    if (this.#state !== "paused") return;
    this.#state = "running";
    if (this.#walking) return;
    this.#walkHeld();
  }

  /** Forgets everything; nothing is decoded any more. */
  stop(): void {
    this.#state = "stopped";
    this.#dropPartial();
    this.#headerBytes = 0;
    this.#held = undefined;
    this.#budget?.give(this.#heldBytes);
    this.#heldBytes = 0;
  }

  #walkHeld(): void {
    while (this.#state === "running") {
      const chunk = this.#held?.shift();
      if (chunk === undefined) {
        this.#held = undefined;
        return;
      }
      this.#heldBytes -= costOf(chunk);
      this.#budget?.give(costOf(chunk));
      this.#walk(chunk);
    }
  }

  /** The handler may pause, resume or stop the decoder, and may push to it, from within. */
  #walk(chunk: Buffer): void {
    this.#walking = true;
    try {
      let at = 0;
      while (at < chunk.length && this.#state === "running") at = this.#step(chunk, at);
      if (at < chunk.length && this.#isPaused()) this.#holdFirst(chunk.subarray(at));
    } finally {
      this.#walking = false;
    }
  }

  /** Handles one message, or the part of one that is there; answers the offset behind it. */
  #step(chunk: Buffer, at: number): number {
    if (this.#partial !== undefined) return this.#fillPartial(this.#partial, chunk, at);
    if (this.#headerBytes === 0 && chunk.length - at >= HEADER_BYTES) {
      const length = ((chunk[at] ?? 0) << 16) | ((chunk[at + 1] ?? 0) << 8) | (chunk[at + 2] ?? 0);
      return this.#begin(length, chunk, at + HEADER_BYTES);
    }
    this.#header = (this.#header << 8) | (chunk[at] ?? 0);
    this.#headerBytes += 1;
    if (this.#headerBytes < HEADER_BYTES) return at + 1;
    const length = this.#header;
    this.#header = 0;
    this.#headerBytes = 0;
    return this.#begin(length, chunk, at + 1);
  }

  #begin(length: number, chunk: Buffer, at: number): number {
    if (length > this.bytesMax) {
      this.stop();
      this.#handler.onOversize(length);
      return chunk.length;
    }
    const end = at + length;
    if (end <= chunk.length) {
      this.#emit(chunk, at, end);
      return end;
    }
    const room = this.#allocate(Math.min(length, FIRST_PARTIAL_BYTES));
    if (room === undefined) return chunk.length;
    this.#partial = { room, bytes: 0, length };
    return at;
  }

  #fillPartial(partial: PartialMessage, chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + partial.length - partial.bytes);
    if (!this.#ensureRoom(partial, partial.bytes + end - at)) return chunk.length;
    const { room, length } = partial;
    chunk.copy(room, partial.bytes, at, end);
    partial.bytes += end - at;
    if (partial.bytes === length) {
      this.#dropPartial();
      this.#emit(room, 0, length);
    }
    return end;
  }

  /** Makes the room larger where it is too small: at least `bytes`, and at least twice as large. */
  #ensureRoom(partial: PartialMessage, bytes: number): boolean {
    const { room, length } = partial;
    if (bytes <= room.length) return true;
    const larger = this.#allocate(Math.min(length, Math.max(bytes, room.length * 2)));
    if (larger === undefined) return false;
    room.copy(larger, 0, 0, partial.bytes);
    this.#budget?.give(room.length);
    partial.room = larger;
    return true;
  }

  #allocate(bytes: number): Buffer | undefined {
    return this.#take(bytes) ? Buffer.allocUnsafeSlow(bytes) : undefined;
  }

  #take(bytes: number): boolean {
    if (this.#budget === undefined) return true;
    while (!this.#budget.take(bytes)) {
      if (!this.#handler.onMemoryExhausted()) {
        this.stop();
        return false;
      }
    }
    return true;
  }

  #dropPartial(): void {
    if (this.#partial !== undefined) this.#budget?.give(this.#partial.room.length);
    this.#partial = undefined;
  }

  #emit(chunk: Buffer, at: number, end: number): void {
    this.#serial += 1;
    if (at === end) this.#handler.onFrame(NO_CODE, chunk, at, end);
    else this.#handler.onFrame(chunk[at] ?? NO_CODE, chunk, at + 1, end);
  }

  #hold(chunk: Buffer): void {
    if (!this.#take(costOf(chunk))) return;
    this.#heldBytes += costOf(chunk);
    (this.#held ??= []).push(chunk);
  }

  #holdFirst(chunk: Buffer): void {
    if (!this.#take(costOf(chunk))) return;
    this.#heldBytes += costOf(chunk);
    (this.#held ??= []).unshift(chunk);
  }

  // A method, because the compiler does not expect the handler to have changed the state.
  #isPaused(): boolean {
    return this.#state === "paused";
  }
}

/** A part of a chunk keeps all of it in memory. */
function costOf(chunk: Buffer): number {
  return chunk.buffer.byteLength;
}
