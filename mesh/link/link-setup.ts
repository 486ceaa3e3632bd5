import { type Address, CcpError, type SecureTransport } from "../../src/index.ts";
import type { Cancel, Clock } from "../clock.ts";
import { errorText } from "../error-text.ts";
import type { MeshLimits } from "../mesh-limits.ts";
import { AcceptorSetup } from "./acceptor-setup.ts";
import { DiallerSetup } from "./dialler-setup.ts";
import { FrameStream, type FrameStreamReceiver } from "./frame-stream.ts";
import { SETUP_FRAME_BYTES_MAX } from "./frames.ts";
import { Link } from "./link.ts";
import { ARRIVING_FRAME_BYTES_MAX } from "./link-frames.ts";
import type { AttemptFailure, LinkAttempt, LinkPolicy } from "./peer-link.ts";
import type { QueueBudget } from "./queue-budget.ts";
import {
  ABORT_TEXTS,
  type AbortReason,
  EXPORTER_BYTES,
  EXPORTER_LABEL,
  failure,
  type LinkPeer,
  type NodeIdentity,
  type SetupFailed,
  type SetupOptions,
  type SetupOutcome,
} from "./setup.ts";

/** What the attempts of one node have in common. */
export interface LinkSetupContext {
  readonly identity: NodeIdentity;
  readonly cluster: string;
  readonly secrets: readonly string[];
  readonly advertise: Address | undefined;
  readonly limits: MeshLimits;
  /** Of the links that come of it. */
  readonly budget: QueueBudget;
  readonly policy: LinkPolicy;
  readonly clock: Clock;
  readonly onInternalError: (error: unknown) => void;
}

export interface LinkSetupOptions {
  readonly context: LinkSetupContext;
  readonly attempt: LinkAttempt;
  readonly transport: SecureTransport;
  /** Where the other side is, as this side sees it. */
  readonly seenAt: Address;
  /** What is left of the time for set-up. */
  readonly timeoutMs: number;
  /** The other side has proved itself, and the link is up. */
  readonly onUp?: () => void;
  /** Called once, whatever came of it, before the policy is told. */
  readonly onOver: () => void;
}

/** One attempt, from TLS on: runs set-up over the connection and tells the policy what came of it. */
export class LinkSetup implements FrameStreamReceiver {
  /** Who handles the connection. */
  readonly stream: FrameStream;
  readonly #options: LinkSetupOptions;
  readonly #cancelTimeout: Cancel;
  #machine: DiallerSetup | AcceptorSetup | undefined;
  #isOver = false;

  constructor(options: LinkSetupOptions) {
    const { context, transport, timeoutMs } = options;
    const { clock, onInternalError } = context;
    this.#options = options;
    this.stream = new FrameStream({
      transport,
      receiver: this,
      frameBytesMax: SETUP_FRAME_BYTES_MAX,
      clock,
      onInternalError,
    });
    this.#cancelTimeout = clock.after(timeoutMs, () => this.abort("timeout"));
  }

  /** The dialler says hello, the acceptor waits for it. */
  start(): void {
    try {
      this.#machine = this.#begin();
    } catch (error) {
      this.#onOutcome(this.#notBegun(error));
    }
  }

  /** Gives it up; does nothing once it is over. */
  abort(reason: AbortReason): void {
    this.#machine?.abort(reason);
  }

  // --- what the stream tells ----------------------------------------------------------------

  onFrame(chunk: Buffer, start: number, end: number): void {
    this.#machine?.receive(chunk.subarray(start, end));
  }

  onBroken(why: "frame_too_long" | "frame_unexpected"): void {
    this.abort(why);
  }

  onTaken(): void {}

  onOver(): void {
    this.abort("closed");
  }

  // --- the parts ----------------------------------------------------------------------------

  #begin(): DiallerSetup | AcceptorSetup {
    const { context, attempt, transport, seenAt } = this.#options;
    const { identity, cluster, secrets, advertise, policy } = context;
    const options: SetupOptions = {
      identity,
      cluster,
      secrets,
      advertise,
      observed: seenAt.host,
      exporter: transport.exportKeyingMaterial(EXPORTER_BYTES, EXPORTER_LABEL),
      decide: (peer) => policy.decide(attempt, peer),
      send: (frame) => this.stream.send(frame),
      onOutcome: (outcome) => this.#onOutcome(outcome),
    };
    if (attempt.direction === "accepted") return new AcceptorSetup(options);
    const dialler = new DiallerSetup(options);
    dialler.start();
    return dialler;
  }

  #notBegun(error: unknown): SetupFailed {
    // TLS has nothing to export any more.
    if (error instanceof CcpError && error.code === "communication_ended") {
      return failure("closed", ABORT_TEXTS.closed);
    }
    this.#options.context.onInternalError(error);
    return failure("internal", `this node could not begin: ${errorText(error)}`);
  }

  #onOutcome(outcome: SetupOutcome): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelTimeout();
    this.#options.onOver();
    if (outcome.kind === "up") this.#onUp(outcome.peer);
    else this.#onFailed(outcome);
  }

  #onUp(peer: LinkPeer): void {
    const { context, attempt, seenAt, onUp } = this.#options;
    const { limits, budget, clock, onInternalError, policy } = context;
    const { stream } = this;
    const { direction } = attempt;
    const link = new Link({
      stream,
      peer,
      direction,
      address: seenAt,
      limits,
      budget,
      clock,
      onInternalError,
    });
    // What follows the last frame of set-up, in the same chunk perhaps, is the link's.
    stream.handOver(link, ARRIVING_FRAME_BYTES_MAX);
    onUp?.();
    try {
      link.attach(policy.onUp(attempt, link));
    } catch (error) {
      onInternalError(error);
      link.close("this node made a mistake");
    }
  }

  #onFailed(outcome: AttemptFailure): void {
    const { context, attempt } = this.#options;
    this.stream.close();
    try {
      context.policy.onFailed(attempt, outcome);
    } catch (error) {
      context.onInternalError(error);
    }
  }
}
