/** The listening side of one connection: CCP's state machine, over any {@link Transport}. */

import type { Address } from "./address.ts";
import type { Communication, CommunicationHost, CommunicationLink } from "./communication.ts";
import type { RefusalReason } from "./counters.ts";
import { FIRST_MESSAGE_BYTES_MAX, type FirstMessage, readFirstMessage } from "./first-message.ts";
import type { FrameHandler } from "./frame-decoder.ts";
import { NO_DATA, OVERHEAD_BYTES } from "./frame-encoder.ts";
import { ClientCode, ServerCode } from "./protocol.ts";
import { RawCommunication } from "./raw-communication.ts";
import type { RawCloseReason, UpgradeEntry } from "./receivers.ts";
import { RequestCommunication } from "./request-communication.ts";
import type { SendQueueOwner } from "./send-queue.ts";
import { assertNext, type ServerState } from "./server-state.ts";
import type { Transport, TransportHandler } from "./transport.ts";
import { type UpgradeCarrier, UpgradeCommunication } from "./upgrade-communication.ts";
import { Wire } from "./wire.ts";

/** What a connection needs of the endpoint it belongs to. */
export interface ServerConnectionHost extends CommunicationHost {
  /** A communication was asked for, or an upgrade established, so the connection is no longer pending. */
  onStarted(connection: ServerConnection): void;
  onClosed(connection: ServerConnection): void;
  /** The connection that holds most of the shared budget. */
  largest(): ServerConnection | undefined;
}

/** What the client may still say: anything, nothing once what is held is handled, or nothing. */
type Input = "open" | "ending" | "ended";

export class ServerConnection
  implements TransportHandler, FrameHandler, SendQueueOwner, CommunicationLink, UpgradeCarrier
{
  readonly address: Address;
  place = 0;
  readonly host: ServerConnectionHost;
  /** Not on the whitelist. */
  readonly stranger: boolean;
  /** When it was accepted. */
  readonly sinceMs: number;
  readonly #wire: Wire;
  #communication: Communication | undefined;
  #upgrade: UpgradeCommunication | undefined;
  #state: ServerState;
  #stateSinceMs: number;
  #input: Input = "open";
  /** From when on nothing came or went, as of the last tick; `undefined` if something did since then. */
  #silentSinceMs: number | undefined;

  constructor(
    transport: Transport,
    address: Address,
    host: ServerConnectionHost,
    stranger = false,
  ) {
    this.address = address;
    this.host = host;
    this.stranger = stranger;
    this.#wire = new Wire(transport, this, host);
    this.#wire.setBytesMax(stranger ? FIRST_MESSAGE_BYTES_MAX : host.limits.startBytesMax);
    this.#state = stranger ? "awaiting-upgrade" : "awaiting-start";
    const now = host.now();
    this.sinceMs = now;
    this.#stateSinceMs = now;
    this.#silentSinceMs = now;
  }

  get state(): ServerState {
    return this.#state;
  }

  /** Bytes taken from the shared budget. */
  get heldBytes(): number {
    return this.#wire.takenBytes + (this.#communication?.heldBytes ?? 0);
  }

  /** From when on it may be closed to make room for another; `undefined` while it is busy. */
  get yieldsFromMs(): number | undefined {
    if (this.#silentSinceMs === undefined || this.#wire.queue.bytes > 0) return undefined;
    if (this.#state === "upgraded") return undefined;
    const { idleEvictionMs } = this.host.limits;
    // Who is only expected to end or to close loses nothing.
    const afterMs = this.#state === "open" ? this.#communication?.yieldsAfterMs : idleEvictionMs;
    return afterMs === undefined ? undefined : this.#silentSinceMs + afterMs;
  }

  // --- what the transport tells -------------------------------------------------------------

  onData(chunk: Buffer): void {
    this.host.counters.bytesIn += chunk.length;
    this.#silentSinceMs = undefined;
    this.#wire.push(chunk);
    if (this.#state === "upgrading") this.#beginTls();
    else this.#wire.settle();
  }

  onDrain(): void {
    this.#wire.queue.onDrain();
    this.readOn();
  }

  onEnd(): void {
    if (this.#input === "ended") return;
    this.#input = "ending";
    if (!this.#wire.paused) this.#endInput("aborted");
  }

  onTlsFailed(): void {
    this.abort("tls_failed");
  }

  onClose(): void {
    if (this.#state === "closed") return;
    this.#enter("closed");
    this.#wire.close();
    this.#endCommunication("aborted");
    this.#upgrade?.onOver();
    this.host.onClosed(this);
  }

  // --- what the decoder and the queue tell --------------------------------------------------

  onFrame(code: number, chunk: Buffer, start: number, end: number): void {
    this.host.counters.messagesIn += 1;
    if (this.#state === "open") {
      if (code === ClientCode.data) this.#communication?.onData(chunk.subarray(start, end));
      else this.#onControl(code);
    } else if (this.#state === "awaiting-start" || this.#state === "awaiting-upgrade") {
      const data = chunk.subarray(start, end);
      this.#onFirstMessage(readFirstMessage(code, data, this.host.registry));
    } else if (this.#state === "awaiting-end") {
      // [CCP-3.5]
      if (code === ClientCode.end) this.close();
      else this.#protocolError("protocol_error");
    }
  }

  onOversize(_claimedBytes: number): void {
    if (this.#state === "awaiting-upgrade") this.refuseStranger();
    else this.#protocolError("message_too_large");
  }

  onMemoryExhausted(): boolean {
    return this.makeRoom();
  }

  onQueueEmpty(): void {
    if (this.#state === "closing") this.#wire.shutdown();
    else this.readOn();
  }

  // --- what the communication does ----------------------------------------------------------

  get queuedBytes(): number {
    return this.#wire.queue.bytes;
  }

  get hasRoom(): boolean {
    return this.#wire.queue.hasRoom;
  }

  drained(): Promise<void> {
    return this.#wire.queue.drained();
  }

  send(code: ServerCode, data: Uint8Array): void {
    const { counters } = this.host;
    counters.messagesOut += 1;
    counters.bytesOut += OVERHEAD_BYTES + data.length;
    this.#silentSinceMs = undefined;
    this.#wire.queue.push(code, data);
  }

  pauseReading(): void {
    // Once it is over, the client's end is read for.
    if (this.#state === "open") this.#wire.pause();
  }

  /** Takes up reading where it was left, if nothing stands against it. */
  readOn(): void {
    if (this.#wire.flowing) return;
    if (this.#state === "open" && this.#communication?.mustWait() === true) return;
    if (this.#wire.resume() && this.#input === "ending") this.#endInput("aborted");
  }

  over(code: ServerCode, reason: RawCloseReason): void {
    if (this.#state !== "open" && this.#state !== "awaiting-start") return;
    if (this.#state === "awaiting-start") this.host.onStarted(this);
    this.send(code, NO_DATA);
    if (this.#isClosed()) return; // There was no memory for the message.
    if (this.#input === "ended") {
      this.close();
    } else {
      this.#enter("awaiting-end");
    }
    this.#endCommunication(reason);
    this.readOn();
  }

  /** Flushes, shuts down, and leaves the client the time to read and to close. */
  close(): void {
    const state = this.#state;
    if (state === "closing" || state === "refused" || state === "closed") return;
    this.#enter("closing");
    this.#wire.drop();
    this.#wire.queue.flush();
  }

  abort(reason: RefusalReason): void {
    if (this.#state === "closed") return;
    this.host.onRefused(reason, this.address);
    this.terminate();
  }

  makeRoom(): boolean {
    const largest = this.host.largest();
    if (largest === undefined || largest.heldBytes <= this.heldBytes) {
      this.abort("memory_max");
      return false;
    }
    largest.abort("memory_max");
    return true;
  }

  // --- what an upgrade does -----------------------------------------------------------------

  onEstablished(): void {
    if (this.#state !== "upgrading") return;
    this.#enter("upgraded");
    this.host.counters.communications += 1;
    this.host.onStarted(this);
  }

  // --- what the endpoint does ---------------------------------------------------------------

  terminate(): void {
    // First, so that what the transport says of its end is not taken for news.
    this.onClose();
    this.#wire.terminate();
  }

  /** There is nothing that a stranger may ask for any more. */
  refuseStranger(): void {
    if (this.#state !== "awaiting-upgrade") return;
    this.host.onRefused("not_whitelisted", this.address);
    this.#showOut();
  }

  /** Closes it if it awaits an upgrade, or has not come to the end of one. */
  endUpgrading(): void {
    if (this.#state === "awaiting-upgrade") this.#showOut();
    else if (this.#state === "upgrading") this.terminate();
  }

  /** Ends the communication as soon as what is in flight is answered. */
  drain(): void {
    if (this.#state === "awaiting-start") this.close();
    else if (this.#state === "open") this.#communication?.drain();
  }

  /** Ends what drains no longer: its client is told that the plugin failed. `false` if it has ended. */
  giveUp(): boolean {
    if (this.#state !== "open") return false;
    this.over(ServerCode.communicationError, "stopped");
    return true;
  }

  /** Looks at the deadlines. To be called several times a second. */
  onTick(nowMs: number): void {
    this.#silentSinceMs ??= nowMs;
    const { messageTimeoutMs, sendStallTimeoutMs } = this.host.limits;
    this.#checkState(nowMs, this.#silentSinceMs);
    if (this.#wire.arrivingForMs(nowMs) >= messageTimeoutMs) this.abort("message_timeout");
    if (this.#wire.stalledForMs(nowMs) >= sendStallTimeoutMs) this.abort("send_stalled");
  }

  // --- the parts ----------------------------------------------------------------------------

  #onFirstMessage(message: FirstMessage): void {
    if (message.wants === "upgrade") {
      this.#startUpgrade(message.entry);
    } else if (this.stranger) {
      this.refuseStranger(); // [CCP-7.1]
    } else if (message.wants === "request") {
      this.#open(new RequestCommunication(this, message.entry));
      this.host.counters.communications += 1;
      this.send(ServerCode.accepted, NO_DATA);
    } else if (message.wants === "raw") {
      const communication = new RawCommunication(this, message.entry);
      this.#open(communication);
      communication.start();
    } else if (message.wants === "nobody") {
      this.host.counters.nobodyHome += 1;
      this.over(ServerCode.nobodyHome, "unloaded");
    } else if (message.wants === "end") {
      this.close();
    } else if (message.wants === "unreadable") {
      this.#protocolError("protocol_error");
    }
  }

  /** With an orderly end, but without waiting for the other side's. */
  #showOut(): void {
    this.#enter("refused");
    this.#wire.drop();
    this.#wire.shutdown();
  }

  /** What else is in the chunk is held, for `beginTls` to see. */
  #startUpgrade(entry: UpgradeEntry): void {
    this.#upgrade = new UpgradeCommunication(this, entry);
    this.#wire.pause();
    this.#enter("upgrading");
  }

  /** Plain text must not reach into TLS, neither what came nor what was to go. [MESH-1.1] */
  #beginTls(): void {
    const tooMuch = this.#wire.unreadBytes > 0;
    this.#wire.drop();
    if (!tooMuch) this.send(ServerCode.accepted, NO_DATA);
    this.#wire.queue.flush();
    if (tooMuch || this.#wire.queue.bytes > 0) this.abort("protocol_error");
    if (this.#isClosed()) return;
    this.#wire.handOn((plain) => this.#upgrade?.start(plain) ?? plain);
  }

  #open(communication: Communication): void {
    this.#communication = communication;
    this.#wire.setBytesMax(this.host.limits.messageBytesMax);
    this.#enter("open");
    this.host.onStarted(this);
  }

  #onControl(code: number): void {
    if (code === ClientCode.end) this.#endInput("ended");
    // [CCP-3.4]
    else if (code === ClientCode.startRequest || code === ClientCode.startRaw) {
      this.#protocolError("protocol_error");
    }
    // An empty message or an unknown code is ignored. [CCP-1.4]
  }

  #endInput(how: "ended" | "aborted"): void {
    this.#input = "ended";
    if (this.#state === "open") this.#communication?.onInputEnd(how);
    else if (this.#state === "awaiting-upgrade") this.refuseStranger();
    else this.close();
  }

  #endCommunication(reason: RawCloseReason): void {
    const communication = this.#communication;
    this.#communication = undefined;
    communication?.onOver(reason);
  }

  #protocolError(reason: RefusalReason): void {
    this.host.onRefused(reason, this.address);
    this.send(ServerCode.protocolError, NO_DATA);
    this.close();
    this.#endCommunication("failed");
  }

  #checkState(nowMs: number, silentSinceMs: number): void {
    const { limits } = this.host;
    const inStateMs = nowMs - this.#stateSinceMs;
    if (this.#state === "open") {
      this.#communication?.onTick(nowMs, silentSinceMs);
    } else if (this.#state === "awaiting-start" || this.#state === "awaiting-upgrade") {
      if (inStateMs >= limits.startTimeoutMs) this.abort("start_timeout");
    } else if (this.#state === "upgrading") {
      if (nowMs - this.sinceMs >= limits.startTimeoutMs) this.#onUpgradeTimeout();
    } else if (this.#state === "refused") {
      this.terminate();
    } else if (this.#state === "upgraded" || this.#state === "closed") {
      // Its owner looks after it, or nobody need.
    } else if (this.#wire.queue.bytes > 0) {
      // It is told only when all is flushed; for that, `sendStallTimeoutMs` is the bound.
      this.#stateSinceMs = nowMs;
    } else if (inStateMs >= limits.closeTimeoutMs) {
      this.abort("close_timeout");
    }
  }

  #onUpgradeTimeout(): void {
    this.host.onRefused("start_timeout", this.address);
    this.#enter("closing");
    if (this.#upgrade?.expire() !== true) this.terminate();
  }

  #enter(state: ServerState): void {
    assertNext(this.#state, state);
    this.#state = state;
    this.#stateSinceMs = this.host.now();
  }

  // A method, because the compiler does not expect `send` to have changed the state.
  #isClosed(): boolean {
    return this.#state === "closed";
  }
}
