import { LinkError } from "./link-error.ts";
import {
  decodeCredit,
  decodeGone,
  decodePong,
  encodeCredit,
  encodePong,
  type Gone,
  OwnFrameType,
} from "./link-frames.ts";
import type { Liveness } from "./liveness.ts";
import type { Outbox } from "./outbox.ts";
import { PieceAssembler } from "./piece-assembler.ts";

export interface OwnFramesOptions {
  readonly outbox: Outbox;
  readonly liveness: Liveness;
  /** The longest frame that is taken in pieces. */
  readonly frameBytesMax: number;
  readonly onGone: (gone: Gone) => void;
  /** A frame that came in pieces, type and all. */
  readonly onWhole: (frame: Buffer) => void;
}

/** What the other side's link says for itself: gone, ping, pong, pieces and credit. [MESH-1.10] */
export class OwnFrames {
  readonly #options: OwnFramesOptions;
  readonly #assembler: PieceAssembler;

  constructor(options: OwnFramesOptions) {
    this.#options = options;
    this.#assembler = new PieceAssembler({
      frameBytesMax: options.frameBytesMax,
      onTaken: (bytes) => options.outbox.sendAhead(encodeCredit(bytes)),
    });
  }

  /**
   * The body is `chunk` from `start` to `end`.
   *
   * @throws {LinkError} `frame_unreadable`
   */
  receive(type: OwnFrameType, chunk: Buffer, start: number, end: number): void {
    const { outbox, liveness, onGone } = this.#options;
    switch (type) {
      case OwnFrameType.gone:
        onGone(decodeGone(chunk.subarray(start, end)));
        return;
      case OwnFrameType.ping:
        outbox.sendAhead(encodePong(chunk, start, end));
        return;
      case OwnFrameType.pong: {
        const serial = decodePong(chunk, start, end);
        if (serial !== undefined) liveness.onPong(serial);
        return;
      }
      case OwnFrameType.piece:
        this.#onPiece(chunk, start, end);
        return;
      case OwnFrameType.credit:
        this.#onCredit(decodeCredit(chunk, start, end));
        return;
    }
  }

  /** Forgets what has come of a frame. */
  clear(): void {
    this.#assembler.clear();
  }

  /** What a link sends for itself is short, so nothing of that is ever in pieces. */
  #onPiece(chunk: Buffer, start: number, end: number): void {
    const frame = this.#assembler.take(chunk, start, end);
    if (frame === undefined) return;
    const type = frame[0] ?? 0;
    if (isOwn(type)) throw new LinkError("frame_unreadable", `a frame of type ${type} in pieces`);
    this.#options.onWhole(frame);
  }

  #onCredit(bytes: number): void {
    if (this.#options.outbox.onCredit(bytes)) return;
    throw new LinkError("frame_unreadable", `credit for ${bytes} bytes, more than were sent`);
  }
}

function isOwn(type: number): boolean {
  return Object.values<number>(OwnFrameType).includes(type);
}
