import { Fifo } from "../../src/index.ts";
import { copyStart, PAGE_BYTES } from "../copy-start.ts";
import { SMALL_FRAME_BYTES_MAX } from "../frame.ts";
import {
  FIRST_PIECE_HEAD_BYTES,
  OwnFrameType,
  PIECE_HEAD_BYTES,
  PieceFlag,
} from "./link-frames.ts";
import { PieceWindow } from "./piece-window.ts";

const KiB = 1024;

/** As much as keeps a fast line busy for a turn; more would be in front of the next small frame. */
const OUTLET_BYTES_MAX = 128 * KiB;

/** What a frame that waits costs beyond its bytes, so that tiny ones are bounded too. */
const ENTRY_BYTES = 256;

/** Every piece is made here, and copied on its way out: with its head it is no longer than a whole frame. */
const ROOM = Buffer.allocUnsafeSlow(PAGE_BYTES + SMALL_FRAME_BYTES_MAX);

/** Where the frames go on: first in, first out. */
export interface BulkOutlet {
  readonly queuedBytes: number;
  /** Takes a frame, which may be changed afterwards. */
  send(frame: Uint8Array): void;
}

interface Entry {
  readonly frame: Uint8Array;
  readonly order: string;
}

/**
 * Large frames, and small ones that must not overtake them, on their way out: in pieces, and only as
 * far as the other side has given credit and little else waits. So what is not in here passes them.
 * [MESH-4]
 */
export class BulkLane {
  readonly #outlet: BulkOutlet;
  readonly #window: PieceWindow;
  readonly #entries = new Fifo<Entry>();
  /** How many frames of each order are in here. */
  readonly #orders = new Map<string, number>();
  #waitingBytes = 0;
  /** How much of the first frame has been sent. */
  #sentBytes = 0;
  /** The next piece waits for credit, and for nothing else. */
  #lacksCredit = false;

  /** `now` is a clock that never goes back, in milliseconds. */
  constructor(outlet: BulkOutlet, now: () => number) {
    this.#outlet = outlet;
    this.#window = new PieceWindow(now);
  }

  /** What waits, and what it costs to keep it. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Changes when the other side takes pieces; undefined if nothing waits for that. */
  get progress(): number | undefined {
    return this.#lacksCredit ? this.#window.creditedBytes : undefined;
  }

  /** Whether a frame of this order would overtake one in here. [MESH-4.3] */
  holds(order: string): boolean {
    return this.#orders.size > 0 && this.#orders.has(order);
  }

  /** Takes a frame. A large one is kept as it is, a small one copied. */
  push(frame: Uint8Array, order: string): void {
    const isLarge = frame.length > SMALL_FRAME_BYTES_MAX;
    this.#entries.push({ frame: isLarge ? frame : new Uint8Array(frame), order });
    this.#orders.set(order, (this.#orders.get(order) ?? 0) + 1);
    this.#waitingBytes += frame.length + ENTRY_BYTES;
    this.feed();
  }

  /** Answers whether that much was on the way. */
  onCredit(bytes: number): boolean {
    if (!this.#window.onCredit(bytes)) return false;
    this.#lacksCredit = false;
    this.feed();
    return true;
  }

  /** Sends as much as may be sent now. */
  feed(): void {
    while (this.#outlet.queuedBytes < OUTLET_BYTES_MAX) {
      const entry = this.#entries.peek();
      if (entry === undefined) return;
      if (entry.frame.length > SMALL_FRAME_BYTES_MAX) {
        this.#lacksCredit = !this.#sendPiece(entry.frame);
        if (this.#lacksCredit) return;
        if (this.#sentBytes < entry.frame.length) continue;
      } else {
        this.#waitingBytes -= entry.frame.length;
        this.#outlet.send(entry.frame);
      }
      this.#shift(entry.order);
    }
  }

  clear(): void {
    this.#entries.clear();
    this.#orders.clear();
    this.#waitingBytes = 0;
    this.#sentBytes = 0;
    this.#lacksCredit = false;
  }

  /** Answers whether there was credit for it. */
  #sendPiece(frame: Uint8Array): boolean {
    const at = this.#sentBytes;
    const headBytes = at === 0 ? FIRST_PIECE_HEAD_BYTES : PIECE_HEAD_BYTES;
    const end = Math.min(frame.length, at + SMALL_FRAME_BYTES_MAX - headBytes);
    const bytes = end - at;
    if (!this.#window.hasRoomFor(bytes)) return false;
    const start = copyStart(frame.byteOffset + at, headBytes);
    const piece = ROOM.subarray(start, start + headBytes + bytes);
    piece[0] = OwnFrameType.piece;
    piece[1] = (at === 0 ? PieceFlag.first : 0) | (end === frame.length ? PieceFlag.last : 0);
    if (at === 0) piece.writeUInt32BE(frame.length, PIECE_HEAD_BYTES);
    piece.set(frame.subarray(at, end), headBytes);
    this.#sentBytes = end;
    this.#window.onSent(bytes, { isLast: end === frame.length });
    this.#waitingBytes -= bytes;
    this.#outlet.send(piece);
    return true;
  }

  #shift(order: string): void {
    this.#entries.shift();
    this.#sentBytes = 0;
    this.#waitingBytes -= ENTRY_BYTES;
    const count = this.#orders.get(order) ?? 0;
    if (count > 1) this.#orders.set(order, count - 1);
    else this.#orders.delete(order);
  }
}
