/**
 * A link that is up. [MESH-1.10], [MESH-3], [MESH-4]
 *
 * It keeps itself alive, sends large frames in pieces that small ones pass, and bounds what waits. All
 * other frames are its owner's, who gets them where they lie in what arrived.
 */

import type { Address } from "../../src/index.ts";
import type { Clock } from "../clock.ts";
import { FRAME_HEAD_BYTES_MAX, SMALL_FRAME_BYTES_MAX } from "../frame.ts";
import type { MeshLimits } from "../mesh-limits.ts";
import type { FrameStream, FrameStreamReceiver } from "./frame-stream.ts";
import { LinkError } from "./link-error.ts";
import { encodeGone, encodePing, OwnFrameType } from "./link-frames.ts";
import { Liveness, type LivenessSubject } from "./liveness.ts";
import { Outbox } from "./outbox.ts";
import { OwnFrames } from "./own-frames.ts";
import type {
  GoneCode,
  LinkCounters,
  LinkDirection,
  LinkDown,
  LinkDownReason,
  LinkHandler,
  PeerLink,
} from "./peer-link.ts";
import type { QueueBudget } from "./queue-budget.ts";
import type { LinkPeer } from "./setup.ts";

const MiB = 1024 * 1024;

/** The longest payload that the protocol knows, whatever a node's own limit for what it sends. [MESH-4.1] */
const PAYLOAD_BYTES_MAX = 8 * MiB;

export interface LinkOptions {
  readonly stream: FrameStream;
  readonly peer: LinkPeer;
  readonly direction: LinkDirection;
  readonly address: Address;
  readonly limits: MeshLimits;
  /** Shared by all links of the node. */
  readonly budget: QueueBudget;
  readonly clock: Clock;
  /** The link's handler threw; the link was closed. */
  readonly onInternalError: (error: unknown) => void;
}

export class Link implements PeerLink, FrameStreamReceiver, LivenessSubject {
  readonly peer: LinkPeer;
  readonly direction: LinkDirection;
  readonly address: Address;
  readonly counters: Readonly<LinkCounters>;
  readonly #stream: FrameStream;
  readonly #limits: MeshLimits;
  readonly #onInternalError: (error: unknown) => void;
  readonly #outbox: Outbox;
  readonly #liveness: Liveness;
  readonly #ownFrames: OwnFrames;
  #handler: LinkHandler | undefined;
  /** Why it is down; undefined while it is up. */
  #down: LinkDown | undefined;
  #framesIn = 0;

  constructor(options: LinkOptions) {
    const { stream, limits } = options;
    this.peer = options.peer;
    this.direction = options.direction;
    this.address = options.address;
    this.#stream = stream;
    this.#limits = limits;
    this.#onInternalError = options.onInternalError;
    const payloadBytesMax = Math.max(limits.meshPayloadBytesMax, PAYLOAD_BYTES_MAX);
    const frameBytesMax = payloadBytesMax + FRAME_HEAD_BYTES_MAX;
    this.#outbox = new Outbox({
      stream,
      limits,
      budget: options.budget,
      frameBytesMax,
      now: () => options.clock.now(),
      onOverflow: (bytesMax) => this.#kill("overflow", `more than ${bytesMax} bytes waited for it`),
    });
    this.counters = countersOf(stream, this.#outbox, () => this.#framesIn);
    this.#liveness = new Liveness(limits, options.clock, this);
    this.#ownFrames = new OwnFrames({
      outbox: this.#outbox,
      liveness: this.#liveness,
      frameBytesMax,
      onGone: (gone) => {
        this.#goDown({ reason: "gone", text: `it said ${gone.code}: ${gone.text}`, gone });
      },
      onWhole: (frame) => this.#deliver(frame[0] ?? 0, frame, 1, frame.length),
    });
  }

  /** Says who hears of it. If it went down already, that is the first to be heard. */
  attach(handler: LinkHandler): void {
    this.#handler = handler;
    if (this.#down === undefined) this.#liveness.start();
    else this.#tellDown(this.#down);
  }

  get rttMs(): number | undefined {
    return this.#liveness.rttMs;
  }

  get queuedBytes(): number {
    return this.#outbox.queuedBytes;
  }

  get hasRoom(): boolean {
    return this.#outbox.hasRoom;
  }

  /** @throws {Error} if the frame is empty or longer than 64 KiB, which is a mistake of the caller */
  sendControl(frame: Uint8Array): void {
    this.#outbox.sendControl(frame);
  }

  /** @throws {Error} if the frame is empty or longer than any may be, which is a mistake of the caller */
  sendMessage(frame: Uint8Array, order: string): boolean {
    return this.#outbox.sendMessage(frame, order);
  }

  drained(): Promise<void> {
    return this.#outbox.drained();
  }

  probe(timeoutMs: number): Promise<boolean> {
    return this.#liveness.probe(timeoutMs);
  }

  close(text: string, code?: GoneCode): void {
    if (this.#down !== undefined) return;
    if (code !== undefined) this.#stream.send(encodeGone(code, text));
    // Which is what the owner says who cannot read a frame.
    this.#goDown({ reason: code === "protocol_error" ? code : "dropped", text });
  }

  // --- what the stream tells ----------------------------------------------------------------

  onFrame(chunk: Buffer, start: number, end: number): void {
    if (start === end) {
      this.#refuse("a frame has no type");
      return;
    }
    const type = chunk[start] ?? 0;
    switch (type) {
      case OwnFrameType.gone:
      case OwnFrameType.ping:
      case OwnFrameType.pong:
      case OwnFrameType.piece:
      case OwnFrameType.credit:
        this.#onOwnFrame(type, chunk, start + 1, end);
        return;
      default:
        if (end - start > SMALL_FRAME_BYTES_MAX) this.#refuse("a long frame is not in pieces");
        else this.#deliver(type, chunk, start + 1, end);
    }
  }

  onBroken(why: "frame_too_long" | "frame_unexpected"): void {
    this.#refuse(
      why === "frame_too_long" ? "a frame is too long" : "a message is neither data nor end",
    );
  }

  onTaken(): void {
    this.#outbox.onTaken();
  }

  onOver(): void {
    this.#goDown({ reason: "closed", text: "the connection closed" });
  }

  // --- what liveness asks and tells ---------------------------------------------------------

  get heardAtMs(): number {
    return this.#stream.heardAtMs;
  }

  get progress(): readonly (number | undefined)[] {
    return this.#outbox.progress;
  }

  sendPing(serial: number): void {
    this.#outbox.sendAhead(encodePing(serial));
  }

  onDead(reason: "silent" | "stalled"): void {
    const { meshSilenceTimeoutMs, meshStallTimeoutMs } = this.#limits;
    const text =
      reason === "silent"
        ? `nothing came from it for ${meshSilenceTimeoutMs} ms`
        : `it took nothing of what waited for it for ${meshStallTimeoutMs} ms`;
    this.#kill(reason, text);
  }

  // --- the parts ----------------------------------------------------------------------------

  #onOwnFrame(type: OwnFrameType, chunk: Buffer, start: number, end: number): void {
    // Of what is in pieces, the whole counts.
    if (type !== OwnFrameType.piece) this.#framesIn += 1;
    try {
      this.#ownFrames.receive(type, chunk, start, end);
    } catch (error) {
      if (!(error instanceof LinkError)) throw error;
      this.#refuse(error.message);
    }
  }

  #deliver(type: number, chunk: Buffer, start: number, end: number): void {
    this.#framesIn += 1;
    try {
      this.#handler?.onFrame(this, type, chunk, start, end);
    } catch (error) {
      this.#onThrown(error);
    }
  }

  /** The other side sent what cannot be read. [MESH-1.10] */
  #refuse(text: string): void {
    this.close(text, "protocol_error");
  }

  /** Whoever takes nothing is not waited for. */
  #kill(reason: LinkDownReason, text: string): void {
    this.#goDown({ reason, text }, () => this.#stream.terminate());
  }

  #goDown(down: LinkDown, end: () => void = () => this.#stream.close()): void {
    if (this.#down !== undefined) return;
    this.#down = down;
    this.#liveness.stop();
    this.#outbox.close();
    this.#ownFrames.clear();
    end();
    this.#tellDown(down);
  }

  #tellDown(down: LinkDown): void {
    try {
      this.#handler?.onDown(this, down);
    } catch (error) {
      this.#onInternalError(error);
    }
  }

  /** The handler threw, and may have done half of what it had to. */
  #onThrown(error: unknown): void {
    this.#onInternalError(error);
    this.close("this node made a mistake");
  }
}

/** The bytes are those of the connection, what set it up among them. */
function countersOf(
  stream: FrameStream,
  outbox: Outbox,
  framesIn: () => number,
): Readonly<LinkCounters> {
  return {
    get framesIn() {
      return framesIn();
    },
    get framesOut() {
      return outbox.framesOut;
    },
    get bytesIn() {
      return stream.bytesIn;
    },
    get bytesOut() {
      return stream.bytesOut;
    },
    get dropped() {
      return outbox.dropped;
    },
  };
}
