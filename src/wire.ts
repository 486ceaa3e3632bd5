import type { ByteBudget } from "./byte-budget.ts";
import { FrameDecoder, type FrameHandler } from "./frame-decoder.ts";
import { SendQueue, type SendQueueOwner } from "./send-queue.ts";
import { standstillMs, type Watched, watch } from "./standstill.ts";
import type { Transport } from "./transport.ts";

/** What all connections of one endpoint, or of one caller, have in common. */
export interface WireSettings {
  readonly limits: {
    /** Longest message accepted, code included. */
    readonly messageBytesMax: number;
    /** Queued bytes from which `hasRoom` is `false`. */
    readonly sendHighWaterBytes: number;
  };
  readonly budget?: ByteBudget | undefined;
}

/**
 * The messages of one connection, both ways, over its transport: what arrives is decoded and held back
 * where it cannot be handed out, what is sent is queued. It knows nothing of what they mean.
 */
export class Wire {
  /** What is sent. The owner uses it as it is: every message goes there, and each step in between would show. */
  readonly queue: SendQueue;
  readonly #decoder: FrameDecoder;
  #transport: Transport;
  #transportPaused = false;
  #arriving: Watched | undefined;
  #sending: Watched | undefined;

  /** No options object: what each connection throws away lies among what each keeps, and fragments it. */
  constructor(
    transport: Transport,
    owner: FrameHandler & SendQueueOwner,
    { limits, budget }: WireSettings,
  ) {
    const highWaterBytes = limits.sendHighWaterBytes;
    this.#transport = transport;
    this.#decoder = new FrameDecoder(owner, limits.messageBytesMax, budget);
    this.queue = new SendQueue({ transport, owner, highWaterBytes, budget });
  }

  /** Bytes taken from the budget. */
  get takenBytes(): number {
    return this.#decoder.takenBytes + this.queue.heldBytes;
  }

  // --- what arrives -------------------------------------------------------------------------

  /** Hands out the messages of a chunk. What is sent meanwhile waits for {@link settle}. */
  push(chunk: Buffer): void {
    this.queue.cork();
    this.#decoder.push(chunk);
  }

  /** After a push: writes what was sent meanwhile, and reads no further while something is held. */
  settle(): void {
    this.queue.flush();
    if (this.#decoder.heldBytes === 0 || this.#transportPaused) return;
    this.#transportPaused = true;
    this.#transport.pause();
  }

  /** Whether no message is handed out for now. */
  get paused(): boolean {
    return this.#decoder.paused;
  }

  /** Whether nothing stands against reading. */
  get flowing(): boolean {
    return !this.#decoder.paused && this.#decoder.heldBytes === 0 && !this.#transportPaused;
  }

  /** Bytes that have arrived and wait for {@link resume}. */
  get unreadBytes(): number {
    return this.#decoder.heldBytes;
  }

  /** From the next message on. */
  setBytesMax(bytesMax: number): void {
    this.#decoder.bytesMax = bytesMax;
  }

  /** Stops handing out messages after the present one. */
  pause(): void {
    this.#decoder.pause();
  }

  /** Hands out what is held, then reads on. Answers whether all that has arrived is handed out. */
  resume(): boolean {
    this.#decoder.resume();
    // Called from within a message, this leaves what follows it to whoever is decoding.
    if (this.#decoder.busy || this.#decoder.heldBytes > 0) return false;
    this.#resumeTransport();
    return !this.#decoder.paused;
  }

  /** Hands out nothing any more. What still arrives is read and dropped. */
  drop(): void {
    this.#decoder.stop();
    this.#resumeTransport();
  }

  // --- its end ------------------------------------------------------------------------------

  /** Forgets what is queued, and tells the other side that nothing more comes. */
  shutdown(): void {
    this.queue.close();
    this.#transport.shutdown();
  }

  /** Forgets everything: the transport is closed, or is to be. */
  close(): void {
    this.#decoder.stop();
    this.queue.close();
  }

  terminate(): void {
    this.#transport.terminate();
  }

  /** Goes on as something else over the same transport; answers what is to be terminated from now on. */
  handOn(take: (transport: Transport) => Transport): void {
    this.close();
    this.#transport = take(this.#transport);
  }

  // --- standstill ---------------------------------------------------------------------------

  /** How long the same message has been arriving. To be asked several times a second. */
  arrivingForMs(nowMs: number): number {
    const serial = this.#decoder.partialSerial;
    const arriving = serial > 0 && !this.#decoder.paused;
    this.#arriving = arriving ? watch(this.#arriving, serial, nowMs) : undefined;
    return standstillMs(this.#arriving, nowMs);
  }

  /** How long the other side has taken nothing of what is queued. To be asked several times a second. */
  stalledForMs(nowMs: number): number {
    const { bytes, takenBytes } = this.queue;
    this.#sending = bytes > 0 ? watch(this.#sending, takenBytes, nowMs) : undefined;
    return standstillMs(this.#sending, nowMs);
  }

  #resumeTransport(): void {
    if (!this.#transportPaused) return;
    this.#transportPaused = false;
    this.#transport.resume();
  }
}
