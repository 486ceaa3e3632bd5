import {
  ClientCode,
  FrameDecoder,
  type FrameHandler,
  SendQueue,
  type SendQueueOwner,
  type Transport,
  type TransportHandler,
} from "../../src/index.ts";
import type { Cancel, Clock } from "../clock.ts";

/** Time for what is queued to leave, and for the other side to close. */
const CLOSE_TIMEOUT_MS = 500;

/** The byte of code in front of a frame. */
const CODE_BYTES = 1;

/** What happens on a stream, to whom it was given last. */
export interface FrameStreamReceiver {
  /** A frame, type and all, is `chunk` from `start` to `end`; it may be empty. */
  onFrame(chunk: Buffer, start: number, end: number): void;
  /** A message is too long, or neither data nor end. */
  onBroken(why: "frame_too_long" | "frame_unexpected"): void;
  /** The transport has taken what was queued, or some of it. */
  onTaken(): void;
  /** The other side says nothing more, or the connection is lost. */
  onOver(): void;
}

/**
 * | state | it means |
 * |---|---|
 * | `open` | frames go both ways |
 * | `closing` | what is queued is flushed, then the transport is shut down; nothing is read any more |
 * | `closed` | nothing is left |
 */
type FrameStreamState = "open" | "closing" | "closed";

const NEXT_STATES: Readonly<Record<FrameStreamState, readonly FrameStreamState[]>> = {
  open: ["closing", "closed"],
  closing: ["closed"],
  closed: [],
};

export interface FrameStreamOptions {
  readonly transport: Transport;
  readonly receiver: FrameStreamReceiver;
  /** The longest frame that may arrive. */
  readonly frameBytesMax: number;
  readonly clock: Clock;
  /** A receiver threw, which is a mistake of this project; the stream was closed. */
  readonly onInternalError: (error: unknown) => void;
}

/** Frames over a byte stream: what set-up, and the link that it hands the stream to, have in common. [MESH-1.2] */
export class FrameStream implements TransportHandler, FrameHandler, SendQueueOwner {
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #onInternalError: (error: unknown) => void;
  readonly #decoder: FrameDecoder;
  readonly #queue: SendQueue;
  #receiver: FrameStreamReceiver;
  #state: FrameStreamState = "open";
  #bytesIn = 0;
  /** Those of set-up on the way out, before which nothing may go. */
  #setupBytes = 0;
  #heardAtMs: number;
  #cancelTimeout: Cancel | undefined;

  constructor(options: FrameStreamOptions) {
    this.#transport = options.transport;
    this.#receiver = options.receiver;
    this.#clock = options.clock;
    this.#onInternalError = options.onInternalError;
    this.#decoder = new FrameDecoder(this, CODE_BYTES + options.frameBytesMax);
    this.#queue = new SendQueue({
      transport: options.transport,
      owner: this,
      // Nobody asks this queue for room: its users bound it themselves.
      highWaterBytes: Number.POSITIVE_INFINITY,
    });
    this.#heardAtMs = options.clock.now();
  }

  /** Bytes that arrived since the beginning. */
  get bytesIn(): number {
    return this.#bytesIn;
  }

  /** Bytes that the transport has taken since the beginning. */
  get bytesOut(): number {
    return this.#queue.takenBytes;
  }

  /** When the last bytes arrived. */
  get heardAtMs(): number {
    return this.#heardAtMs;
  }

  /** Bytes queued that the transport has not taken. */
  get queuedBytes(): number {
    return this.#queue.bytes;
  }

  /** Whether the transport takes no more for now; else what is queued goes to it by itself. */
  get isBlocked(): boolean {
    return this.#queue.isBlocked;
  }

  /** From the next frame on, another one receives, also of what has arrived already. */
  handOver(receiver: FrameStreamReceiver, frameBytesMax: number): void {
    this.#receiver = receiver;
    this.#setupBytes = this.#queue.takenBytes + this.#queue.bytes;
    this.#decoder.bytesMax = CODE_BYTES + frameBytesMax;
  }

  /** Queues a frame of at most 64 KiB, which may be changed afterwards; nothing bounds the queue. */
  send(frame: Uint8Array): void {
    this.#queue.push(ClientCode.data, frame);
  }

  /** As `send`, in front of what the transport has not begun to take, but for set-up. */
  sendAhead(frame: Uint8Array): void {
    if (this.#queue.takenBytes < this.#setupBytes) this.send(frame);
    else this.#queue.pushAhead(ClientCode.data, frame);
  }

  /** Hears nothing more, flushes, and closes, after a short while also what was not taken. */
  close(): void {
    if (this.#state !== "open") return;
    this.#enter("closing");
    this.#decoder.stop();
    this.#cancelTimeout = this.#clock.after(CLOSE_TIMEOUT_MS, () => this.terminate());
    this.#queue.flush();
  }

  /** Closes at once. */
  terminate(): void {
    if (this.#state === "closed") return;
    this.#end();
    // A stalled TLS socket does not go at `terminate` alone.
    this.#transport.shutdown();
    this.#transport.terminate();
  }

  // --- what the transport tells -------------------------------------------------------------

  onData(chunk: Buffer): void {
    if (this.#state !== "open") return;
    this.#bytesIn += chunk.length;
    this.#heardAtMs = this.#clock.now();
    // What is answered goes out together, behind the last frame of the chunk.
    this.#queue.cork();
    this.#guard(() => this.#decoder.push(chunk));
    this.#guard(() => this.#queue.flush());
  }

  onDrain(): void {
    this.#guard(() => {
      this.#queue.onDrain();
      if (this.#state === "open") this.#receiver.onTaken();
    });
  }

  onEnd(): void {
    if (this.#state === "open") this.#guard(() => this.#receiver.onOver());
  }

  onClose(): void {
    if (this.#state === "closed") return;
    const wasOpen = this.#state === "open";
    this.#end();
    if (wasOpen) this.#guard(() => this.#receiver.onOver());
  }

  // --- what the decoder and the queue tell --------------------------------------------------

  onFrame(code: number, chunk: Buffer, start: number, end: number): void {
    if (this.#state !== "open") return;
    if (code === ClientCode.data) this.#receiver.onFrame(chunk, start, end);
    else if (code === ClientCode.end) this.#receiver.onOver();
    else this.#receiver.onBroken("frame_unexpected");
  }

  onOversize(): void {
    this.#receiver.onBroken("frame_too_long");
  }

  /** There is no budget but the receiver's own bounds. */
  onMemoryExhausted(): boolean {
    return false;
  }

  onQueueEmpty(): void {
    if (this.#state === "open") {
      this.#receiver.onTaken();
    } else if (this.#state === "closing") {
      this.#queue.close();
      this.#transport.shutdown();
    }
  }

  // --- the parts ----------------------------------------------------------------------------

  #end(): void {
    this.#enter("closed");
    this.#cancelTimeout?.();
    this.#decoder.stop();
    this.#queue.close();
  }

  /** Whoever calls a transport's handler has nobody to throw at. */
  #guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#onInternalError(error);
      this.#fail();
    }
  }

  #fail(): void {
    const wasOpen = this.#state === "open";
    this.terminate();
    if (!wasOpen) return;
    try {
      this.#receiver.onOver();
    } catch (error) {
      this.#onInternalError(error);
    }
  }

  #enter(state: FrameStreamState): void {
    if (!NEXT_STATES[this.#state].includes(state)) {
      throw new Error(`a stream of frames cannot go from ${this.#state} to ${state}`);
    }
    this.#state = state;
  }
}
