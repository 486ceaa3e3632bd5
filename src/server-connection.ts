/** The listening side of one connection: CCP's state machine, over any {@link Transport}. */

import type { Address } from "./address.ts";
import type { Communication, CommunicationHost, CommunicationLink } from "./communication.ts";
import type { RefusalReason } from "./counters.ts";
import { FrameDecoder, type FrameHandler } from "./frame-decoder.ts";
import { NO_DATA, OVERHEAD_BYTES } from "./frame-encoder.ts";
import { ClientCode, ServerCode } from "./protocol.ts";
import { RawCommunication } from "./raw-communication.ts";
import { NAME_BYTES_MAX, type RawCloseReason, type UpgradeEntry } from "./receivers.ts";
import { RequestCommunication } from "./request-communication.ts";
import { SendQueue, type SendQueueOwner } from "./send-queue.ts";
import { assertNext, type ServerState } from "./server-state.ts";
import { standstillMs, type Watched, watch } from "./standstill.ts";
import type { Transport, TransportHandler } from "./transport.ts";
import { type UpgradeCarrier, UpgradeCommunication } from "./upgrade-communication.ts";

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

/** A code and the longest name. */
const STRANGER_BYTES_MAX = 1 + NAME_BYTES_MAX;

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export class ServerConnection
  implements TransportHandler, FrameHandler, SendQueueOwner, CommunicationLink, UpgradeCarrier
{
  readonly address: Address;
  place = 0;
  readonly host: ServerConnectionHost;
  /** Not on the whitelist. */
  readonly stranger: boolean;
  #transport: Transport;
  readonly #decoder: FrameDecoder;
  readonly #queue: SendQueue;
  #communication: Communication | undefined;
  #upgrade: UpgradeCommunication | undefined;
  #state: ServerState;
  #input: Input = "open";
  #transportPaused = false;

  // What `onTick` compares with to tell silence and standstill.
  readonly #sinceMs: number;
  #stateSinceMs: number;
  #active = false;
  #lastActiveMs: number;
  #partial: Watched | undefined;
  #sending: Watched | undefined;

  constructor(
    transport: Transport,
    address: Address,
    host: ServerConnectionHost,
    stranger = false,
  ) {
    this.#transport = transport;
    this.address = address;
    this.host = host;
    this.stranger = stranger;
    this.#state = stranger ? "awaiting-upgrade" : "awaiting-start";
    const startBytesMax = stranger ? STRANGER_BYTES_MAX : host.limits.startBytesMax;
    this.#decoder = new FrameDecoder(this, startBytesMax, host.budget);
    this.#queue = new SendQueue({
      transport,
      owner: this,
      highWaterBytes: host.limits.sendHighWaterBytes,
      budget: host.budget,
    });
    const now = host.now();
    this.#sinceMs = now;
    this.#stateSinceMs = now;
    this.#lastActiveMs = now;
  }

  get state(): ServerState {
    return this.#state;
  }

  /** Bytes taken from the shared budget. */
  get heldBytes(): number {
    const inFlightBytes = this.#communication?.heldBytes ?? 0;
    return this.#decoder.takenBytes + this.#queue.heldBytes + inFlightBytes;
  }

  /** When it was accepted. */
  get sinceMs(): number {
    return this.#sinceMs;
  }

  /** From when on it may be closed to make room for another; `undefined` while it is busy. */
  get yieldsFromMs(): number | undefined {
    if (this.#active || this.#queue.bytes > 0 || this.#state === "upgraded") return undefined;
    const { idleEvictionMs } = this.host.limits;
    // Who is only expected to end or to close loses nothing.
    const afterMs = this.#state === "open" ? this.#communication?.yieldsAfterMs : idleEvictionMs;
    return afterMs === undefined ? undefined : this.#lastActiveMs + afterMs;
  }

  // --- what the transport tells -------------------------------------------------------------

  onData(chunk: Buffer): void {
    this.host.counters.bytesIn += chunk.length;
    this.#active = true;
    this.#queue.cork();
    this.#decoder.push(chunk);
    if (this.#state === "upgrading") {
      this.#beginTls();
      return;
    }
    this.#queue.flush();
    if (this.#decoder.heldBytes > 0 && !this.#transportPaused) {
      this.#transportPaused = true;
      this.#transport.pause();
    }
  }

  onDrain(): void {
    this.#queue.onDrain();
    this.readOn();
  }

  onEnd(): void {
    if (this.#input === "ended") return;
    this.#input = "ending";
    if (!this.#decoder.paused) this.#endInput("aborted");
  }

  onTlsFailed(): void {
    this.abort("tls_failed");
  }

  onClose(): void {
    if (this.#state === "closed") return;
    this.#enter("closed");
    this.#decoder.stop();
    this.#queue.close();
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
    } else if (this.#state === "awaiting-start") {
      this.#onBeforeStart(code, chunk.subarray(start, end));
    } else if (this.#state === "awaiting-upgrade") {
      this.#onStranger(code, chunk.subarray(start, end));
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
    if (this.#state === "closing") {
      this.#queue.close();
      this.#transport.shutdown();
    } else {
      this.readOn();
    }
  }

  // --- what the communication does ----------------------------------------------------------

  get queuedBytes(): number {
    return this.#queue.bytes;
  }

  get hasRoom(): boolean {
    return this.#queue.hasRoom;
  }

  drained(): Promise<void> {
    return this.#queue.drained();
  }

  send(code: ServerCode, data: Uint8Array): void {
    const { counters } = this.host;
    counters.messagesOut += 1;
    counters.bytesOut += OVERHEAD_BYTES + data.length;
    this.#active = true;
    this.#queue.push(code, data);
  }

  pauseReading(): void {
    // Once it is over, the client's end is read for.
    if (this.#state === "open") this.#decoder.pause();
  }

  /** Takes up reading where it was left, if nothing stands against it. */
  readOn(): void {
    const { paused, heldBytes } = this.#decoder;
    if (!paused && heldBytes === 0 && !this.#transportPaused) return;
    if (this.#state === "open" && this.#communication?.mustWait() === true) return;
    this.#decoder.resume();
    // Called from within a message, this leaves what follows it to whoever is decoding.
    if (this.#decoder.busy || this.#decoder.heldBytes > 0) return;
    this.#resumeTransport();
    if (this.#input === "ending" && !this.#decoder.paused) this.#endInput("aborted");
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
    this.#decoder.stop();
    this.#resumeTransport();
    this.#queue.flush();
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
    this.#transport.terminate();
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
    if (this.#active) {
      this.#active = false;
      this.#lastActiveMs = nowMs;
    }
    this.#checkState(nowMs);
    this.#checkMessage(nowMs);
    this.#checkSending(nowMs);
  }

  // --- the parts ----------------------------------------------------------------------------

  #onBeforeStart(code: number, data: Buffer): void {
    if (code === ClientCode.end) {
      this.close();
    } else if (code === ClientCode.startRequest || code === ClientCode.startRaw) {
      const name = decodeName(data);
      if (name === undefined) this.#protocolError("protocol_error");
      else if (code === ClientCode.startRequest) this.#startRequest(name);
      else this.#startRaw(name);
    }
    // Anything else before the start is ignored. [CCP-3.1]
  }

  #startRequest(name: string): void {
    const entry = this.host.registry.request(name);
    if (entry === undefined) {
      this.#nobodyHome();
      return;
    }
    this.#open(new RequestCommunication(this, entry));
    this.host.counters.communications += 1;
    this.send(ServerCode.accepted, NO_DATA);
  }

  #startRaw(name: string): void {
    const entry = this.host.registry.raw(name);
    if (entry === undefined) {
      const upgrade = this.host.registry.upgrade(name);
      if (upgrade === undefined) this.#nobodyHome();
      else this.#startUpgrade(upgrade);
      return;
    }
    const communication = new RawCommunication(this, entry);
    this.#open(communication);
    communication.start();
  }

  /** [CCP-7.1] */
  #onStranger(code: number, data: Buffer): void {
    const name = code === ClientCode.startRaw ? decodeName(data) : undefined;
    const upgrade = name === undefined ? undefined : this.host.registry.upgrade(name);
    if (upgrade === undefined) this.refuseStranger();
    else this.#startUpgrade(upgrade);
  }

  /** With an orderly end, but without waiting for the other side's. */
  #showOut(): void {
    this.#enter("refused");
    this.#decoder.stop();
    this.#queue.close();
    this.#transport.shutdown();
  }

  /** What else is in the chunk is held, for `beginTls` to see. */
  #startUpgrade(entry: UpgradeEntry): void {
    this.#upgrade = new UpgradeCommunication(this, entry);
    this.#decoder.pause();
    this.#enter("upgrading");
  }

  /** Plain text must not reach into TLS, neither what came nor what was to go. [MESH-1.1] */
  #beginTls(): void {
    const tooMuch = this.#decoder.heldBytes > 0;
    this.#decoder.stop();
    if (!tooMuch) this.send(ServerCode.accepted, NO_DATA);
    this.#queue.flush();
    if (tooMuch || this.#queue.bytes > 0) this.abort("protocol_error");
    if (this.#isClosed()) return;
    this.#queue.close();
    const secure = this.#upgrade?.start(this.#transport);
    if (secure !== undefined) this.#transport = secure;
  }

  #open(communication: Communication): void {
    this.#communication = communication;
    this.#decoder.bytesMax = this.host.limits.messageBytesMax;
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

  #nobodyHome(): void {
    this.host.counters.nobodyHome += 1;
    this.over(ServerCode.nobodyHome, "unloaded");
  }

  #protocolError(reason: RefusalReason): void {
    this.host.onRefused(reason, this.address);
    this.send(ServerCode.protocolError, NO_DATA);
    this.close();
    this.#endCommunication("failed");
  }

  #checkState(nowMs: number): void {
    const { limits } = this.host;
    const inStateMs = nowMs - this.#stateSinceMs;
    if (this.#state === "open") {
      this.#communication?.onTick(nowMs, this.#lastActiveMs);
    } else if (this.#state === "awaiting-start" || this.#state === "awaiting-upgrade") {
      if (inStateMs >= limits.startTimeoutMs) this.abort("start_timeout");
    } else if (this.#state === "upgrading") {
      if (nowMs - this.#sinceMs >= limits.startTimeoutMs) this.#onUpgradeTimeout();
    } else if (this.#state === "refused") {
      this.terminate();
    } else if (this.#state === "upgraded" || this.#state === "closed") {
      // Its owner looks after it, or nobody need.
    } else if (this.#queue.bytes > 0) {
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

  #checkMessage(nowMs: number): void {
    const serial = this.#decoder.partialSerial;
    const arriving = serial > 0 && !this.#decoder.paused;
    this.#partial = arriving ? watch(this.#partial, serial, nowMs) : undefined;
    if (standstillMs(this.#partial, nowMs) >= this.host.limits.messageTimeoutMs) {
      this.abort("message_timeout");
    }
  }

  #checkSending(nowMs: number): void {
    const { takenBytes, bytes } = this.#queue;
    this.#sending = bytes > 0 ? watch(this.#sending, takenBytes, nowMs) : undefined;
    if (standstillMs(this.#sending, nowMs) >= this.host.limits.sendStallTimeoutMs) {
      this.abort("send_stalled");
    }
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

  #resumeTransport(): void {
    if (!this.#transportPaused) return;
    this.#transportPaused = false;
    this.#transport.resume();
  }
}

function decodeName(bytes: Uint8Array): string | undefined {
  try {
    return UTF8.decode(bytes);
  } catch {
    return undefined;
  }
}
