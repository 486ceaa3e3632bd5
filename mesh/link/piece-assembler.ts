import { LinkError } from "./link-error.ts";
import { FIRST_PIECE_HEAD_BYTES, PIECE_HEAD_BYTES, PieceFlag } from "./link-frames.ts";

const KiB = 1024;

/** First room for a frame in pieces. It gets more only as bytes arrive, so that a length alone costs nothing. */
const FIRST_ROOM_BYTES = 128 * KiB;

/** Bytes taken for which credit is given: less than a piece, so that each is told of at once. */
const CREDIT_EVERY_BYTES = 32 * KiB;

const KNOWN_FLAGS = PieceFlag.first | PieceFlag.last;

/** A frame of which some pieces have arrived. */
interface PartialFrame {
  room: Buffer;
  bytes: number;
  readonly length: number;
}

export interface PieceAssemblerOptions {
  /** The longest frame that is taken. */
  readonly frameBytesMax: number;
  /** So many bytes more have been taken. [MESH-4.2] */
  readonly onTaken: (bytes: number) => void;
}

/** Makes whole frames of the pieces that arrive. [MESH-4.1] */
export class PieceAssembler {
  readonly #options: PieceAssemblerOptions;
  #partial: PartialFrame | undefined;
  /** Bytes taken for which no credit has been given yet. */
  #owedBytes = 0;

  constructor(options: PieceAssemblerOptions) {
    this.#options = options;
  }

  /** Bytes held by the frame that is arriving. */
  get heldBytes(): number {
    return this.#partial?.room.length ?? 0;
  }

  /**
   * Takes a piece; answers the frame if it was the last. `at` is where its flags are.
   *
   * @throws {LinkError} `frame_unreadable` if it does not fit what came before
   */
  take(chunk: Buffer, at: number, end: number): Buffer | undefined {
    const flags = chunk[at] ?? 0;
    if (at >= end || (flags & ~KNOWN_FLAGS) !== 0) throw unreadable("its flags are unknown");
    const isFirst = (flags & PieceFlag.first) !== 0;
    const start = at - 1 + (isFirst ? FIRST_PIECE_HEAD_BYTES : PIECE_HEAD_BYTES);
    if (start >= end) throw unreadable("it has no data");
    const partial = isFirst ? this.#begin(chunk.readUInt32BE(at + 1)) : this.#partial;
    if (partial === undefined) throw unreadable("no first one came before");
    this.#append(partial, chunk, start, end);
    const isWhole = partial.bytes === partial.length;
    if (isWhole !== ((flags & PieceFlag.last) !== 0)) {
      throw unreadable(`${partial.bytes} of ${partial.length} bytes came with the last`);
    }
    if (!isWhole) return undefined;
    this.#partial = undefined;
    return partial.room.subarray(0, partial.length);
  }

  clear(): void {
    this.#partial = undefined;
  }

  #begin(length: number): PartialFrame {
    const { frameBytesMax } = this.#options;
    if (this.#partial !== undefined) throw unreadable("another frame is in pieces");
    if (length > frameBytesMax) {
      throw unreadable(`the frame has ${length} bytes, where ${frameBytesMax} are the most`);
    }
    const room = Buffer.allocUnsafeSlow(Math.min(length, FIRST_ROOM_BYTES));
    this.#partial = { room, bytes: 0, length };
    return this.#partial;
  }

  #append(partial: PartialFrame, chunk: Buffer, start: number, end: number): void {
    const bytes = end - start;
    if (partial.bytes + bytes > partial.length) throw unreadable("there is more than was said");
    this.#owedBytes += bytes;
    ensureRoom(partial, partial.bytes + bytes);
    chunk.copy(partial.room, partial.bytes, start, end);
    partial.bytes += bytes;
    if (this.#owedBytes < CREDIT_EVERY_BYTES) return;
    const taken = this.#owedBytes;
    this.#owedBytes = 0;
    this.#options.onTaken(taken);
  }
}

/** Makes the room larger where it is too small: at least twice as large. */
function ensureRoom(partial: PartialFrame, bytes: number): void {
  const { room, length } = partial;
  if (bytes <= room.length) return;
  const larger = Buffer.allocUnsafeSlow(Math.min(length, Math.max(bytes, room.length * 2)));
  room.copy(larger, 0, 0, partial.bytes);
  partial.room = larger;
}

function unreadable(why: string): LinkError {
  return new LinkError("frame_unreadable", `a piece cannot be used: ${why}`);
}
