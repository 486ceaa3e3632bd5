/** The seam between a connection, which moves messages, and the communication it carries. */

import type { Address } from "./address.ts";
import type { ByteBudget } from "./byte-budget.ts";
import type { EndpointCounters, RefusalReason } from "./counters.ts";
import type { EndpointLimits } from "./limits.ts";
import type { ServerCode } from "./protocol.ts";
import type { RawCloseReason, ReceiverRegistry } from "./receivers.ts";

/** Which receiver failed, and towards whom. */
export interface ReceiverErrorContext {
  /** The name the receiver is registered under. */
  readonly name: string;
  /** Who registered it. */
  readonly owner: string;
  /** The client whose communication the error ended. */
  readonly address: Address;
}

/** What connections and communications need of the endpoint they belong to. */
export interface CommunicationHost {
  readonly limits: EndpointLimits;
  readonly registry: ReceiverRegistry;
  readonly budget: ByteBudget;
  readonly counters: EndpointCounters;
  /** Milliseconds on a clock that never jumps. */
  now(): number;
  /** Counts, and reports, that a connection or a communication is ended for this reason. */
  onRefused(reason: RefusalReason, address: Address): void;
  onReceiverError(error: unknown, context: ReceiverErrorContext): void;
}

/** What a communication may do to the connection that carries it. */
export interface CommunicationLink {
  readonly address: Address;
  readonly host: CommunicationHost;
  /** Bytes queued for the client. */
  readonly queuedBytes: number;
  /** Whether less is queued than the high-water mark. */
  readonly hasRoom: boolean;
  /** Resolves once there is room again, or nothing more can be sent. */
  drained(): Promise<void>;
  send(code: ServerCode, data: Uint8Array): void;
  /** Stops reading until `readOn`, which asks `mustWait` first. */
  pauseReading(): void;
  readOn(): void;
  /** Tells the client that the communication is over, and why. */
  over(code: ServerCode, reason: RawCloseReason): void;
  /** Flushes what is queued, then shuts the connection down. */
  close(): void;
  /** Closes at once and counts why. */
  abort(reason: RefusalReason): void;
  /** Makes room in the shared budget by closing whoever holds most; `false` if that is this one. */
  makeRoom(): boolean;
}

/** What an accepted communication does with what happens. */
export interface Communication {
  /** What answers, for error reports. */
  readonly receiver: Omit<ReceiverErrorContext, "address">;
  onData(data: Buffer): void;
  /** The client will say nothing more: it `ended` the communication, or went away without a word. */
  onInputEnd(how: "ended" | "aborted"): void;
  /** The communication is over; nothing may be sent any more. Called once. */
  onOver(reason: RawCloseReason): void;
  /** Bytes taken from the shared budget. */
  readonly heldBytes: number;
  /** Silence after which closing it is no great loss; `undefined` while it is busy. */
  readonly yieldsAfterMs: number | undefined;
  /** Whether nothing more may be read for now. */
  mustWait(): boolean;
  /** Looks at the deadlines. */
  onTick(nowMs: number, lastActiveMs: number): void;
  /** Ends the communication as soon as what is in flight is answered. */
  drain(): void;
}
