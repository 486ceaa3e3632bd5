import { FRAME_HEAD_BYTES_MAX, SMALL_FRAME_BYTES_MAX } from "../frame.ts";
import type { MeshLimits } from "../mesh-limits.ts";
import { BulkLane } from "./bulk-lane.ts";
import type { FrameStream } from "./frame-stream.ts";
import type { QueueBudget } from "./queue-budget.ts";

const MiB = 1024 * 1024;

/** What control frames may have of the queue beyond what messages may: all that a node says of itself. */
const CONTROL_RESERVE_BYTES = MiB;

export type OutboxLimits = Pick<MeshLimits, "meshQueueBytesMax" | "meshHighWaterBytes">;

export interface OutboxOptions {
  readonly stream: FrameStream;
  readonly limits: OutboxLimits;
  /** Shared by all links of the node. */
  readonly budget: QueueBudget;
  /** The longest frame that may be sent. */
  readonly frameBytesMax: number;
  /** A clock that never goes back, in milliseconds. */
  readonly now: () => number;
  /** More waits than may, of what cannot be dropped. */
  readonly onOverflow: (bytesMax: number) => void;
}

/**
 * What waits to be sent on a link, within bounds: small frames go straight to the stream, and large ones, with
 * what must not overtake them, by way of the bulk lane. What the link says of itself goes ahead of both.
 */
export class Outbox {
  readonly #stream: FrameStream;
  readonly #bulk: BulkLane;
  readonly #limits: OutboxLimits;
  readonly #budget: QueueBudget;
  readonly #frameBytesMax: number;
  readonly #onOverflow: (bytesMax: number) => void;
  #state: "open" | "closed" = "open";
  #framesOut = 0;
  #dropped = 0;
  /** What the budget knows of. */
  #counted = 0;
  /** For whoever waits for room. */
  #room: PromiseWithResolvers<void> | undefined;

  constructor({ stream, limits, budget, frameBytesMax, now, onOverflow }: OutboxOptions) {
    this.#stream = stream;
    this.#bulk = new BulkLane(stream, now);
    this.#limits = limits;
    this.#budget = budget;
    this.#frameBytesMax = frameBytesMax;
    this.#onOverflow = onOverflow;
  }

  /** Frames that were taken. */
  get framesOut(): number {
    return this.#framesOut;
  }

  /** Messages that were not, because too much waited. */
  get dropped(): number {
    return this.#dropped;
  }

  get queuedBytes(): number {
    return this.#stream.queuedBytes + this.#bulk.waitingBytes;
  }

  get hasRoom(): boolean {
    return this.queuedBytes < this.#limits.meshHighWaterBytes;
  }

  /** Numbers that change when the other side takes some of what waits for it. */
  get progress(): readonly (number | undefined)[] {
    // What is only queued until the turn is over is taken by this machine, whoever is at the other end.
    const ofStream = this.#stream.isBlocked ? this.#stream.bytesOut : undefined;
    return [ofStream, this.#bulk.progress];
  }

  /** @throws {Error} if the frame is empty or longer than 64 KiB, which is a mistake of the caller */
  sendControl(frame: Uint8Array): void {
    if (!this.#takesControl(frame)) return;
    this.#stream.send(frame);
    this.#count();
  }

  /**
   * As `sendControl`, of what means the same wherever it comes: all that waits is overtaken. [MESH-4.3]
   *
   * @throws {Error} as `sendControl`
   */
  sendAhead(frame: Uint8Array): void {
    if (!this.#takesControl(frame)) return;
    this.#stream.sendAhead(frame);
    this.#count();
  }

  /**
   * Answers whether it was taken.
   *
   * @throws {Error} if the frame is empty or longer than any may be, which is a mistake of the caller
   */
  sendMessage(frame: Uint8Array, order: string): boolean {
    const bytes = frame.length;
    assertLength(frame, this.#frameBytesMax);
    if (this.#state === "closed") return false;
    if (this.queuedBytes + bytes > this.#bytesMax()) {
      this.#dropped += 1;
      return false;
    }
    this.#framesOut += 1;
    if (bytes > SMALL_FRAME_BYTES_MAX || this.#bulk.holds(order)) this.#bulk.push(frame, order);
    else this.#stream.send(frame);
    this.#count();
    return true;
  }

  /** Resolves once there is room, or nothing more can be sent. */
  async drained(): Promise<void> {
    if (this.hasRoom || this.#state === "closed") return;
    this.#room ??= Promise.withResolvers();
    await this.#room.promise;
  }

  /** The transport has taken something. */
  onTaken(): void {
    this.#bulk.feed();
    this.#count();
    if (this.hasRoom) this.#wake();
  }

  /** The other side has taken so many bytes in pieces; answers whether that can be. */
  onCredit(bytes: number): boolean {
    const isKnown = this.#bulk.onCredit(bytes);
    this.#count();
    if (this.hasRoom) this.#wake();
    return isKnown;
  }

  /** Forgets what the stream was not given yet. */
  close(): void {
    this.#state = "closed";
    this.#bulk.clear();
    this.#counted = this.#budget.count(0, this.#counted);
    this.#wake();
  }

  #takesControl(frame: Uint8Array): boolean {
    assertLength(frame, SMALL_FRAME_BYTES_MAX);
    if (this.#state === "closed") return false;
    const bytesMax = this.#limits.meshQueueBytesMax + FRAME_HEAD_BYTES_MAX + CONTROL_RESERVE_BYTES;
    if (this.queuedBytes + frame.length > bytesMax) {
      this.#onOverflow(bytesMax);
      return false;
    }
    this.#framesOut += 1;
    return true;
  }

  /**
   * The queue holds a payload of its own size, so it has room for the head, too. Where all links together have too much,
   * each still has what a sender that waits for room needs.
   */
  #bytesMax(): number {
    const { meshQueueBytesMax, meshHighWaterBytes } = this.#limits;
    const bytesMax = meshQueueBytesMax + FRAME_HEAD_BYTES_MAX;
    return this.#budget.isFull ? Math.min(bytesMax, meshHighWaterBytes) : bytesMax;
  }

  #count(): void {
    if (this.#state === "open") this.#counted = this.#budget.count(this.queuedBytes, this.#counted);
  }

  #wake(): void {
    this.#room?.resolve();
    this.#room = undefined;
  }
}

function assertLength(frame: Uint8Array, bytesMax: number): void {
  if (frame.length >= 1 && frame.length <= bytesMax) return;
  throw new Error(`a frame has 1 to ${bytesMax} bytes, and this one ${frame.length}`);
}
