/** The dialling side of one connection: CCP's state machine, over any {@link Transport}. */

import { type ClientCallbacks, tellCallbackError } from "./client-callbacks.ts";
import { assertNext, type ClientState } from "./client-state.ts";
import { CcpError } from "./errors.ts";
import { type FrameHandler, NO_CODE } from "./frame-decoder.ts";
import { NO_DATA, toData } from "./frame-encoder.ts";
import type { ClientLimits } from "./limits.ts";
import { ClientCode, type Mode, ServerCode } from "./protocol.ts";
import type { SendQueueOwner } from "./send-queue.ts";
import type { Transport, TransportHandler } from "./transport.ts";
import { Wire } from "./wire.ts";

export interface ClientConnectionOptions {
  readonly transport: Transport;
  readonly plugin: string;
  readonly mode: Mode;
  /** Who is dialled, for error texts. */
  readonly target: string;
  readonly limits: ClientLimits;
  readonly callbacks: ClientCallbacks;
}

export class ClientConnection implements TransportHandler, FrameHandler, SendQueueOwner {
  readonly #wire: Wire;
  readonly #target: string;
  readonly #limits: ClientLimits;
  readonly #callbacks: ClientCallbacks;
  readonly #startCode: ClientCode;
  readonly #startName: Uint8Array;
  readonly #closed: PromiseWithResolvers<void> = Promise.withResolvers();
  #state: ClientState = "starting";
  /** What the endpoint may still say once what is held is handled: more, nothing, or it is gone. */
  #input: "open" | "ended" | "gone" = "open";
  /** Bounds the state: the time to be accepted, then the time to close. */
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor({ transport, plugin, mode, target, limits, callbacks }: ClientConnectionOptions) {
    this.#target = target;
    this.#limits = limits;
    this.#callbacks = callbacks;
    this.#wire = new Wire(transport, this, { limits });
    this.#startCode = mode === "request" ? ClientCode.startRequest : ClientCode.startRaw;
    this.#startName = toData(plugin);
  }

  /** Asks for the communication. Called once, first. */
  start(): void {
    this.#timer = setTimeout(() => this.#onAcceptTimeout(), this.#limits.acceptTimeoutMs);
    this.#wire.queue.push(this.#startCode, this.#startName);
    this.#call(() => this.#callbacks.onConnected?.());
  }

  get state(): ClientState {
    return this.#state;
  }

  /** Resolves once nothing is left of the connection. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /**
   * Queues one message; `false` when so much is queued that a sender of much should wait for
   * {@link drained}. What is sent before the acceptance follows the start.
   *
   * @throws {CcpError} `communication_ended`, `send_queue_full`, `bad_data`, `message_too_large`
   */
  send(data: Uint8Array | string): boolean {
    const bytes = toData(data);
    if (this.#isOver() || this.#input === "gone") {
      const text = `the communication with ${this.#target} is over; nothing was sent`;
      throw new CcpError("communication_ended", text);
    }
    if (this.#wire.queue.bytes >= this.#limits.sendQueueBytesMax) {
      const text = `${this.#target} takes data slower than it is sent: ${this.#wire.queue.bytes} bytes wait`;
      throw new CcpError("send_queue_full", text);
    }
    this.#wire.queue.push(ClientCode.data, bytes);
    return this.#wire.queue.hasRoom;
  }

  /** Sends at once what would have waited for the end of the turn. */
  flush(): void {
    this.#wire.queue.flush();
  }

  /** Resolves once there is room to send again, or the communication is over. */
  drained(): Promise<void> {
    return this.#wire.queue.drained();
  }

  /** Ends the communication; what is queued is still delivered. Does nothing once it is over. */
  stop(): void {
    if (this.#isOver()) return;
    this.#end();
    this.#call(() => this.#callbacks.onEnd?.());
  }

  /** Gives the communication up at once, with `onAbort`. */
  abort(error: CcpError): void {
    if (this.#isOver()) return;
    this.#enter("closing");
    this.#wire.close();
    this.#call(() => this.#callbacks.onAbort?.(error));
    this.#wire.terminate();
    this.onClose();
  }

  /** Stops handing out messages after the present one. */
  pause(): void {
    this.#wire.pause();
  }

  resume(): void {
    if (!this.#wire.resume() || this.#input === "open") return;
    if (this.#input === "gone") this.onClose();
    else this.onEnd();
  }

  // --- what the transport tells -------------------------------------------------------------

  onData(chunk: Buffer): void {
    this.#wire.push(chunk);
    this.#wire.settle();
  }

  onDrain(): void {
    this.#wire.queue.onDrain();
  }

  onEnd(): void {
    if (this.#isOver()) return;
    this.#input = "ended";
    // What arrived before is handed out first.
    if (!this.#wire.paused) this.#lost();
  }

  onClose(): void {
    if (this.#state === "closed") return;
    this.#input = "gone";
    // Nothing can be sent any more; what arrived before is handed out first.
    this.#wire.queue.close();
    if (!this.#isOver()) {
      if (this.#wire.paused) return;
      this.#lost();
    }
    if (this.#isClosed()) return;
    this.#enter("closed");
    clearTimeout(this.#timer);
    this.#closed.resolve();
  }

  // --- what the decoder and the queue tell --------------------------------------------------

  onFrame(code: number, chunk: Buffer, start: number, end: number): void {
    if (code === ServerCode.data) {
      if (this.#isOver()) return;
      try {
        this.#callbacks.onData?.(chunk.subarray(start, end));
      } catch (error) {
        this.#onThrown(error);
      }
    } else {
      this.#onControl(code);
    }
  }

  onOversize(claimedBytes: number): void {
    const text =
      `${this.#target} sends a message of ${claimedBytes} bytes, ` +
      `more than the ${this.#limits.messageBytesMax} allowed`;
    this.abort(new CcpError("message_too_large", text));
  }

  /** A client has no budget beyond its own limits. */
  onMemoryExhausted(): boolean {
    return false;
  }

  onQueueEmpty(): void {
    if (this.#state !== "closing") return;
    this.#wire.shutdown();
  }

  // --- the parts ----------------------------------------------------------------------------

  #onControl(code: number): void {
    if (this.#isOver()) return;
    switch (code) {
      case ServerCode.accepted:
        this.#onAccepted();
        return;
      case ServerCode.end:
        this.#end();
        this.#call(() => this.#callbacks.onEnd?.());
        return;
      case ServerCode.nobodyHome:
        this.#end();
        this.#call(() => this.#callbacks.onNobodyHome?.());
        return;
      case ServerCode.communicationError:
        this.#end();
        this.#call(() => this.#callbacks.onCommunicationError?.());
        return;
      case ServerCode.protocolError:
      case NO_CODE:
        this.#close();
        this.#call(() => this.#callbacks.onProtocolError?.());
        return;
      default: // An unknown code is ignored. [CCP-1.4]
    }
  }

  #onAccepted(): void {
    if (this.#state !== "starting") return;
    clearTimeout(this.#timer);
    this.#enter("open");
    this.#call(() => this.#callbacks.onAccepted?.());
  }

  #onAcceptTimeout(): void {
    const text =
      `${this.#target} took the connection but did not answer within ` +
      `${this.#limits.acceptTimeoutMs} ms; is it a CCP endpoint?`;
    this.abort(new CcpError("accept_timeout", text));
  }

  #lost(): void {
    const text =
      this.#state === "starting"
        ? `${this.#target} closed the connection without accepting; is this machine on its ` +
          "whitelist, and does that port speak CCP, with TLS if it wants that?"
        : `${this.#target} closed the connection before the communication ended`;
    this.#close();
    const error = new CcpError("connection_aborted", text);
    this.#call(() => this.#callbacks.onAbort?.(error));
  }

  #end(): void {
    this.#wire.queue.push(ClientCode.end, NO_DATA);
    this.#close();
  }

  /** Flushes, shuts down, and leaves the endpoint the time to close. */
  #close(): void {
    this.#enter("closing");
    this.#wire.drop();
    if (this.#input === "gone") {
      this.onClose();
      return;
    }
    this.#wire.queue.flush();
    if (!this.#isClosed()) this.#waitForClose();
  }

  /** As long as the endpoint takes what is queued for it, it has time. */
  #waitForClose(): void {
    const { takenBytes } = this.#wire.queue;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (this.#wire.queue.takenBytes > takenBytes) {
        this.#waitForClose();
        return;
      }
      this.#wire.terminate();
      this.onClose();
    }, this.#limits.closeTimeoutMs);
  }

  /** Runs a callback; if it throws, the communication ends. [CCP-6.4] */
  #call(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.#onThrown(error);
    }
  }

  #onThrown(error: unknown): void {
    if (!this.#isOver()) this.#end();
    tellCallbackError(this.#callbacks, error);
  }

  #enter(state: ClientState): void {
    assertNext(this.#state, state);
    this.#state = state;
  }

  #isOver(): boolean {
    return this.#state === "closing" || this.#state === "closed";
  }

  #isClosed(): boolean {
    return this.#state === "closed";
  }
}
