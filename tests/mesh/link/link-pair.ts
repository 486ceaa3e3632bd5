import { FrameStream, type FrameStreamReceiver } from "../../../mesh/link/frame-stream.ts";
import { Link } from "../../../mesh/link/link.ts";
import { ARRIVING_FRAME_BYTES_MAX, OwnFrameType } from "../../../mesh/link/link-frames.ts";
import type { LinkDown, LinkHandler, PeerLink } from "../../../mesh/link/peer-link.ts";
import { QueueBudget } from "../../../mesh/link/queue-budget.ts";
import { DEFAULT_MESH_LIMITS, type MeshLimits } from "../../../mesh/mesh-limits.ts";
import { frame as message, parseFrames } from "../../helpers/frames.ts";
import { ManualClock } from "../manual-clock.ts";
import { type LineEnd, type LineOptions, MemoryLine } from "./memory-line.ts";
import { BOB } from "./setup-pair.ts";

export interface Received {
  readonly type: number;
  readonly body: Buffer;
}

/** Keeps what it is told. */
export class RecordingHandler implements LinkHandler {
  readonly frames: Received[] = [];
  readonly downs: LinkDown[] = [];
  /** Called with each frame, after it was kept. */
  onEach: (link: PeerLink, frame: Received) => void = () => {};

  onFrame(link: PeerLink, type: number, chunk: Buffer, start: number, end: number): void {
    const frame = { type, body: Buffer.from(chunk.subarray(start, end)) };
    this.frames.push(frame);
    this.onEach(link, frame);
  }

  onDown(_link: PeerLink, down: LinkDown): void {
    this.downs.push(down);
  }
}

export interface Side {
  readonly link: Link;
  readonly handler: RecordingHandler;
  readonly end: LineEnd;
  /** What was reported as this side's own mistake. */
  readonly errors: unknown[];
}

export interface PairOptions extends LineOptions {
  readonly limits?: Partial<MeshLimits>;
  /** Where several share one. */
  readonly budget?: QueueBudget;
}

/** What the links of one node share. */
export interface LinkWorld {
  readonly limits: MeshLimits;
  readonly budget: QueueBudget;
  readonly clock: ManualClock;
}

/** Two links over one line. */
export class LinkPair {
  readonly clock: ManualClock = new ManualClock();
  readonly line: MemoryLine;
  readonly left: Side;
  readonly right: Side;

  constructor(options: PairOptions = {}) {
    const limits = { ...DEFAULT_MESH_LIMITS, ...options.limits };
    const budget = options.budget ?? new QueueBudget(limits.meshMemoryBytesMax);
    this.line = new MemoryLine(options);
    this.left = upLink(this.line.left, { limits, budget, clock: this.clock });
    this.right = upLink(this.line.right, { limits, budget, clock: this.clock });
  }

  /** Lets time pass, and what is sent meanwhile arrive. */
  async pass(ms: number, stepMs = 100): Promise<void> {
    for (let passedMs = 0; passedMs < ms; passedMs += stepMs) {
      this.clock.advance(Math.min(stepMs, ms - passedMs));
      await this.line.settle();
    }
  }
}

/** A link of which the test plays the other side. */
export function upLink(end: LineEnd, { limits, budget, clock }: LinkWorld): Side {
  const errors: unknown[] = [];
  const onInternalError = (error: unknown): void => {
    errors.push(error);
  };
  const stream = new FrameStream({
    transport: end,
    receiver: NOBODY,
    frameBytesMax: 0,
    clock,
    onInternalError,
  });
  const link = new Link({
    stream,
    peer: { ...BOB, advertise: undefined, observed: "10.0.0.1" },
    direction: "dialled",
    address: { host: "10.0.0.2", port: 28_080 },
    limits,
    budget,
    clock,
    onInternalError,
  });
  stream.handOver(link, ARRIVING_FRAME_BYTES_MAX);
  end.handler = stream;
  const handler = new RecordingHandler();
  link.attach(handler);
  return { link, handler, end, errors };
}

const NOBODY: FrameStreamReceiver = {
  onFrame: () => {},
  onBroken: () => {},
  onTaken: () => {},
  onOver: () => {},
};

/** A frame, type and all. */
export function frameOf(type: number, body: Uint8Array): Uint8Array {
  const frame = new Uint8Array(1 + body.length);
  frame[0] = type;
  frame.set(body, 1);
  return frame;
}

/** A link, and the other end of its line in the hands of the test. */
export class ScriptedPair {
  readonly clock: ManualClock = new ManualClock();
  readonly line: MemoryLine;
  readonly side: Side;
  #received = Buffer.alloc(0);
  /** Whether the other end heard that nothing more comes. */
  hasEnded = false;

  constructor(options: PairOptions = {}) {
    this.line = new MemoryLine(options);
    const limits = { ...DEFAULT_MESH_LIMITS, ...options.limits };
    const budget = options.budget ?? new QueueBudget(limits.meshMemoryBytesMax);
    this.side = upLink(this.line.left, { limits, budget, clock: this.clock });
    this.line.right.handler = {
      onData: (chunk) => {
        this.#received = Buffer.concat([this.#received, chunk]);
      },
      onDrain: () => {},
      onEnd: () => {
        this.hasEnded = true;
      },
      onClose: () => {
        this.hasEnded = true;
      },
    };
  }

  /** Sends bytes as they are. */
  async write(...parts: readonly Uint8Array[]): Promise<void> {
    const bytes = Buffer.concat(parts);
    this.line.right.write(bytes, 0, bytes.length);
    await this.line.settle();
  }

  /** Sends each as a data message. */
  send(...frames: readonly Uint8Array[]): Promise<void> {
    return this.write(...frames.map((bytes) => message(DATA, bytes)));
  }

  /** The frames that came from the link, without its pings. */
  async frames(): Promise<Buffer[]> {
    await this.line.settle();
    return parseFrames(this.#received)
      .map(({ data }) => data)
      .filter((data) => data[0] !== OwnFrameType.ping);
  }

  /** The serial bytes of its pings. */
  async pings(): Promise<Buffer[]> {
    await this.line.settle();
    return parseFrames(this.#received)
      .filter(({ data }) => data[0] === OwnFrameType.ping)
      .map(({ data }) => data.subarray(1));
  }
}

const DATA = 5;
