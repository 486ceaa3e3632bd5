/**
 * Messages on their way out. Many small messages become one large write: they are laid behind one
 * another in blocks, which are written once the present turn of the event loop is over, or as soon
 * as enough has come together.
 */

import type { ByteBudget } from "./byte-budget.ts";
import { OVERHEAD_BYTES, writeFrameHead } from "./frame-encoder.ts";
import type { Transport } from "./transport.ts";

/** Enough in one write to make its cost small; more gained nothing when measured. */
const FLUSH_BYTES = 64 * 1024;
/** Room for what may come before a write and for one more message that still counts as small. */
const BLOCK_BYTES = 2 * FLUSH_BYTES;
/** Where a queue that was last flushed nearly empty begins, so that a word to everyone stays cheap. */
const SMALL_BLOCK_BYTES = 4 * 1024;
/** Idle blocks kept for reuse, of each size: 2 MiB together, enough for those flushed in one turn. */
const SPARE_BLOCKS_MAX = 16;

/**
 * Where the first message of a block begins, so that its data lies 64 bytes past a page. Some
 * processors copy twenty times slower when the target lies 1 to 15 bytes past the source, whole
 * pages aside, as data behind a head at 0 does: large buffers all begin at a page.
 */
const BLOCK_START = 64 - OVERHEAD_BYTES;

interface Block {
  readonly bytes: Buffer;
  start: number;
  end: number;
  /** Whether it begins within a message. */
  isRest: boolean;
}

/** Blocks that are not in use. One for the whole process: a block belongs to nobody between uses. */
const spareBlocks: Block[] = [];
const spareSmallBlocks: Block[] = [];

function sparesOf(bytes: number): Block[] | undefined {
  if (bytes === BLOCK_BYTES) return spareBlocks;
  return bytes === SMALL_BLOCK_BYTES ? spareSmallBlocks : undefined;
}

function takeBlock(bytes: number): Block {
  return (
    sparesOf(bytes)?.pop() ?? {
      bytes: Buffer.allocUnsafeSlow(bytes),
      start: BLOCK_START,
      end: BLOCK_START,
      isRest: false,
    }
  );
}

function giveBlock(block: Block): void {
  const spares = sparesOf(block.bytes.length);
  if (spares === undefined || spares.length >= SPARE_BLOCKS_MAX) return;
  block.start = BLOCK_START;
  block.end = BLOCK_START;
  block.isRest = false;
  spares.push(block);
}

/** The queues with something to write, flushed together after the present turn of the event loop. */
let dirty: SendQueue[] = [];

function flushDirty(): void {
  const queues = dirty;
  dirty = [];
  for (const queue of queues) queue.flush();
}

/** Of every queue with nothing in it: most connections are idle most of the time. */
const NO_BLOCKS: Block[] = [];

export interface SendQueueOwner {
  /** The budget has no room. Answers whether room was made; if not, the connection was given up. */
  onMemoryExhausted(): boolean;
  /** The transport has taken everything that was queued. */
  onQueueEmpty(): void;
}

export interface SendQueueOptions {
  readonly transport: Transport;
  readonly owner: SendQueueOwner;
  /** Queued bytes from which `hasRoom` is `false`. */
  readonly highWaterBytes: number;
  /** What several queues share; without it the queue bounds nothing by itself. */
  readonly budget?: ByteBudget | undefined;
}

export class SendQueue {
  readonly #transport: Transport;
  readonly #owner: SendQueueOwner;
  readonly #highWaterBytes: number;
  readonly #budget: ByteBudget | undefined;
  #blocks: Block[] = NO_BLOCKS;
  /** Of the blocks, the one for what goes ahead of the others. */
  #ahead: Block | undefined;
  #bytes = 0;
  #takenBytes = 0;
  /** `blocked` until the transport drains; `closed` for ever. */
  #state: "open" | "blocked" | "closed" = "open";
  /** Somebody will call `flush`. */
  #scheduled = false;
  #startsLarge = false;
  #waiting: (() => void)[] | undefined;

  constructor({ transport, owner, highWaterBytes, budget }: SendQueueOptions) {
    this.#transport = transport;
    this.#owner = owner;
    this.#highWaterBytes = highWaterBytes;
    this.#budget = budget;
  }

  /** Bytes queued that the transport has not taken. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes the transport has taken since the beginning; tells whether the peer still reads. */
  get takenBytes(): number {
    return this.#takenBytes;
  }

  /** Whether the transport takes no more until it drains. */
  get isBlocked(): boolean {
    return this.#state === "blocked";
  }

  /** Bytes of the blocks that the queued bytes lie in. */
  get heldBytes(): number {
    return this.#blocks.reduce((total, { bytes }) => total + bytes.length, 0);
  }

  get hasRoom(): boolean {
    return this.#bytes < this.#highWaterBytes;
  }

  /** Queues a message. `data` may be changed as soon as this returns. */
  push(code: number, data: Uint8Array): void {
    if (this.#state === "closed") return;
    if (data.length > FLUSH_BYTES) {
      this.#pushLarge(code, data);
      return;
    }
    const block = this.#roomFor(OVERHEAD_BYTES + data.length);
    if (block === undefined) return;
    this.#put(block, code, data);
    if (this.#bytes >= FLUSH_BYTES) this.#writeBlocks();
    this.#schedule();
  }

  /**
   * As `push`, for a short message that need not keep its place: where the transport takes no more, it goes in front of
   * all but the block that is being written, of 128 KiB at most unless a larger message is in it.
   */
  pushAhead(code: number, data: Uint8Array): void {
    // Else all that is queued leaves together anyway.
    if (this.#state !== "blocked" || data.length > FLUSH_BYTES) {
      this.push(code, data);
      return;
    }
    const block = this.#roomAhead(OVERHEAD_BYTES + data.length);
    if (block !== undefined) this.#put(block, code, data);
  }

  /** Until the owner calls `flush`, what is pushed waits for that instead of the event loop. */
  cork(): void {
    this.#scheduled = true;
  }

  /** Resolves once there is room again, or nothing more can be sent. */
  async drained(): Promise<void> {
    if (this.hasRoom || this.#state === "closed") return;
    const { promise, resolve } = Promise.withResolvers<void>();
    (this.#waiting ??= []).push(resolve);
    await promise;
  }

  /** Writes as much as the transport takes. */
  flush(): void {
    this.#scheduled = false;
    if (this.#state !== "open") return;
    this.#writeBlocks();
    // Only here, never from within `push`: the owner may answer by pushing more.
    if (this.#bytes === 0) this.#owner.onQueueEmpty();
  }

  /** To be called when the transport drains. */
  onDrain(): void {
    if (this.#state !== "blocked") return;
    this.#state = "open";
    this.flush();
  }

  /** Forgets what is queued; further messages are ignored. */
  close(): void {
    this.#state = "closed";
    for (const block of this.#blocks) this.#giveBack(block);
    this.#blocks = NO_BLOCKS;
    this.#ahead = undefined;
    this.#bytes = 0;
    this.#wakeWaiting();
  }

  #put(block: Block, code: number, data: Uint8Array): void {
    writeFrameHead(block.bytes, block.end, code, data.length);
    block.bytes.set(data, block.end + OVERHEAD_BYTES);
    const size = OVERHEAD_BYTES + data.length;
    block.end += size;
    this.#bytes += size;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    if (dirty.push(this) === 1) setImmediate(flushDirty);
  }

  #roomFor(size: number): Block | undefined {
    const last = this.#blocks[this.#blocks.length - 1];
    if (last !== undefined && last.end + size <= last.bytes.length) return last;
    const small =
      last === undefined && !this.#startsLarge && BLOCK_START + size <= SMALL_BLOCK_BYTES;
    return this.#append(small ? SMALL_BLOCK_BYTES : BLOCK_BYTES);
  }

  #roomAhead(size: number): Block | undefined {
    const before = this.#ahead;
    if (before !== undefined && before.end + size <= before.bytes.length) return before;
    const isSmall = BLOCK_START + size <= SMALL_BLOCK_BYTES;
    const block = this.#take(isSmall ? SMALL_BLOCK_BYTES : BLOCK_BYTES);
    if (block === undefined) return undefined;
    const isBegun = ({ start, isRest }: Block): boolean => start > BLOCK_START || isRest;
    const after = before === undefined ? -1 : this.#blocks.indexOf(before);
    const at = this.#blocks.findIndex((other, index) => index > after && !isBegun(other));
    if (at === -1) this.#blocks.push(block);
    else this.#blocks.splice(at, 0, block);
    this.#ahead = block;
    return block;
  }

  #writeBlocks(): void {
    if (this.#state !== "open") return;
    if (this.#bytes > 0) this.#startsLarge = this.#bytes > SMALL_BLOCK_BYTES;
    for (let block = this.#blocks[0]; block !== undefined; block = this.#blocks[0]) {
      if (!this.#writeBlock(block)) break;
      if (this.#blocks.length === 1) this.#blocks = NO_BLOCKS;
      else this.#blocks.shift();
      this.#giveBack(block);
    }
    this.#wakeWaiting();
  }

  #append(bytes: number): Block | undefined {
    const block = this.#take(bytes);
    if (block === undefined) return undefined;
    if (this.#blocks === NO_BLOCKS) this.#blocks = [block];
    else this.#blocks.push(block);
    return block;
  }

  #take(bytes: number): Block | undefined {
    while (this.#budget?.take(bytes) === false) {
      if (!this.#owner.onMemoryExhausted()) return undefined;
    }
    return takeBlock(bytes);
  }

  #giveBack(block: Block): void {
    if (block === this.#ahead) this.#ahead = undefined;
    this.#budget?.give(block.bytes.length);
    giveBlock(block);
  }

  /** Writes large data from where it lies; only what the transport does not take is copied. */
  #pushLarge(code: number, data: Uint8Array): void {
    if (this.#state === "blocked") {
      this.#copyLarge(code, data);
      return;
    }
    const head = this.#roomFor(OVERHEAD_BYTES);
    if (head === undefined) return;
    writeFrameHead(head.bytes, head.end, code, data.length);
    head.end += OVERHEAD_BYTES;
    this.#bytes += OVERHEAD_BYTES;
    this.#writeBlocks();
    const taken = this.#bytes === 0 && this.#isOpen() ? this.#write(data, 0, data.length) : 0;
    this.#schedule();
    if (taken === data.length || this.#isClosed()) return;
    const rest = this.#append(BLOCK_START + data.length - taken);
    if (rest === undefined) return;
    rest.isRest = true;
    rest.bytes.set(data.subarray(taken), rest.end);
    rest.end = rest.bytes.length;
    this.#bytes += data.length - taken;
  }

  /** Head and data in one block of their size: a block for the head alone would cost twice as much. */
  #copyLarge(code: number, data: Uint8Array): void {
    const block = this.#append(BLOCK_START + OVERHEAD_BYTES + data.length);
    if (block === undefined) return;
    writeFrameHead(block.bytes, block.end, code, data.length);
    block.bytes.set(data, block.end + OVERHEAD_BYTES);
    block.end = block.bytes.length;
    this.#bytes += OVERHEAD_BYTES + data.length;
  }

  /** Whether the whole block was taken. */
  #writeBlock(block: Block): boolean {
    const length = block.end - block.start;
    const taken = this.#write(block.bytes, block.start, length);
    block.start += taken;
    this.#bytes -= taken;
    return taken === length;
  }

  #write(bytes: Uint8Array, start: number, length: number): number {
    // A closed transport takes nothing; its owner hears of it by itself.
    const taken = Math.max(0, this.#transport.write(bytes, start, length));
    this.#takenBytes += taken;
    if (taken < length && this.#state === "open") this.#state = "blocked";
    return taken;
  }

  // Methods, because the compiler does not expect the transport to have changed the state.
  #isOpen(): boolean {
    return this.#state === "open";
  }

  #isClosed(): boolean {
    return this.#state === "closed";
  }

  #wakeWaiting(): void {
    if (this.#waiting === undefined || (!this.hasRoom && this.#state !== "closed")) return;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    for (const resolve of waiting) resolve();
  }
}
