/** The dialling side of one connection: CCP's state machine, over any {@link Transport}. */

import { CcpError } from "./errors.ts";
import { FrameDecoder, type FrameHandler, NO_CODE } from "./frame-decoder.ts";
import { NO_DATA, toData } from "./frame-encoder.ts";
import type { ClientLimits } from "./limits.ts";
import { ClientCode, type Mode, ServerCode } from "./protocol.ts";
import { SendQueue, type SendQueueOwner } from "./send-queue.ts";
import type { Transport, TransportHandler } from "./transport.ts";

/** What happens to a communication that this side dialled. Each is optional. */
export interface ClientCallbacks {
  /** The connection stands; the start has been sent. */
  onConnected?(): void;
  /** The plugin is there. */
  onAccepted?(): void;
  /** A message arrived; `data` may be kept. */
  onData?(data: Buffer): void;
  /** The communication ended as it should, by either side's wish. */
  onEnd?(): void;
  /** No plugin of that name and mode is there, or it was unloaded meanwhile. */
  onNobodyHome?(): void;
  /** The plugin on the other side failed. */
  onCommunicationError?(): void;
  /** One side says the other broke the protocol. */
  onProtocolError?(): void;
  /** There was no connection: refused, not found, timed out, cancelled. */
  onConnectionError?(error: CcpError): void;
  /** The connection was lost, or given up, before the communication ended. */
  onAbort?(error: CcpError): void;
  /**
   * One of these callbacks threw; the communication was ended. Without it the error becomes an
   * uncaught exception.
   */
  onCallbackError?(error: unknown): void;
}

/**
 * | state | it means |
 * |---|---|
 * | `starting` | the start was sent, the endpoint has not answered |
 * | `open` | accepted |
 * | `closing` | over; what is queued is flushed, then the connection is shut down |
 * | `closed` | nothing is left |
 */
export type ClientState = "starting" | "open" | "closing" | "closed";

const NEXT_STATES: Readonly<Record<ClientState, readonly ClientState[]>> = {
  starting: ["open", "closing", "closed"],
  open: ["closing", "closed"],
  closing: ["closed"],
  closed: [],
};

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
  readonly #transport: Transport;
  readonly #target: string;
  readonly #limits: ClientLimits;
  readonly #callbacks: ClientCallbacks;
  readonly #startCode: ClientCode;
  readonly #startName: Uint8Array;
  readonly #decoder: FrameDecoder;
  readonly #queue: SendQueue;
  readonly #closed: PromiseWithResolvers<void> = Promise.withResolvers();
  #state: ClientState = "starting";
  /** What the endpoint may still say once what is held is handled: more, nothing, or it is gone. */
  #input: "open" | "ended" | "gone" = "open";
  #transportPaused = false;
  /** Bounds the state: the time to be accepted, then the time to close. */
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor({ transport, plugin, mode, target, limits, callbacks }: ClientConnectionOptions) {
    this.#transport = transport;
    this.#target = target;
    this.#limits = limits;
    this.#callbacks = callbacks;
    this.#decoder = new FrameDecoder(this, limits.messageBytesMax);
    this.#queue = new SendQueue({
      transport,
      owner: this,
      highWaterBytes: limits.sendHighWaterBytes,
    });
    this.#startCode = mode === "request" ? ClientCode.startRequest : ClientCode.startRaw;
    this.#startName = toData(plugin);
  }

  /** Asks for the communication. Called once, first. */
  start(): void {
    this.#timer = setTimeout(() => this.#onAcceptTimeout(), this.#limits.acceptTimeoutMs);
    this.#queue.push(this.#startCode, this.#startName);
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
    if (this.#queue.bytes >= this.#limits.sendQueueBytesMax) {
      const text = `${this.#target} takes data slower than it is sent: ${this.#queue.bytes} bytes wait`;
      throw new CcpError("send_queue_full", text);
    }
    this.#queue.push(ClientCode.data, bytes);
    return this.#queue.hasRoom;
  }

  /** Sends at once what would have waited for the end of the turn. */
  flush(): void {
    this.#queue.flush();
  }

  /** Resolves once there is room to send again, or the communication is over. */
  drained(): Promise<void> {
    return this.#queue.drained();
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
    this.#decoder.stop();
    this.#call(() => this.#callbacks.onAbort?.(error));
    this.#transport.terminate();
    this.onClose();
  }

  /** Stops handing out messages after the present one. */
  pause(): void {
    this.#decoder.pause();
  }

  resume(): void {
    this.#decoder.resume();
    // Called from within a message, this leaves what follows it to whoever is decoding.
    if (this.#decoder.busy || this.#decoder.heldBytes > 0) return;
    this.#resumeTransport();
    if (this.#decoder.paused || this.#input === "open") return;
    if (this.#input === "gone") this.onClose();
    else this.onEnd();
  }

  // --- what the transport tells -------------------------------------------------------------

  onData(chunk: Buffer): void {
    this.#queue.cork();
    this.#decoder.push(chunk);
    this.#queue.flush();
    if (this.#decoder.heldBytes > 0 && !this.#transportPaused) {
      this.#transportPaused = true;
      this.#transport.pause();
    }
  }

  onDrain(): void {
    this.#queue.onDrain();
  }

  onEnd(): void {
    if (this.#isOver()) return;
    this.#input = "ended";
    // What arrived before is handed out first.
    if (!this.#decoder.paused) this.#lost();
  }

  onClose(): void {
    if (this.#state === "closed") return;
    this.#input = "gone";
    // Nothing can be sent any more; what arrived before is handed out first.
    this.#queue.close();
    if (!this.#isOver()) {
      if (this.#decoder.paused) return;
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
    this.#queue.close();
    this.#transport.shutdown();
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
    this.#queue.push(ClientCode.end, NO_DATA);
    this.#close();
  }

  /** Flushes, shuts down, and leaves the endpoint the time to close. */
  #close(): void {
    this.#enter("closing");
    this.#decoder.stop();
    this.#resumeTransport();
    if (this.#input === "gone") {
      this.onClose();
      return;
    }
    this.#queue.flush();
    if (!this.#isClosed()) this.#waitForClose();
  }

  /** As long as the endpoint takes what is queued for it, it has time. */
  #waitForClose(): void {
    const { takenBytes } = this.#queue;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (this.#queue.takenBytes > takenBytes) {
        this.#waitForClose();
        return;
      }
      this.#transport.terminate();
      this.onClose();
    }, this.#limits.closeTimeoutMs);
  }

  #resumeTransport(): void {
    if (!this.#transportPaused) return;
    this.#transportPaused = false;
    this.#transport.resume();
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
    if (!NEXT_STATES[this.#state].includes(state)) {
      throw new Error(`a client connection cannot go from ${this.#state} to ${state}`);
    }
    this.#state = state;
  }

  #isOver(): boolean {
    return this.#state === "closing" || this.#state === "closed";
  }

  #isClosed(): boolean {
    return this.#state === "closed";
  }
}

/** A callback threw; what runs it goes on. */
export function tellCallbackError(callbacks: ClientCallbacks, error: unknown): void {
  if (callbacks.onCallbackError !== undefined) {
    callbacks.onCallbackError(error);
    return;
  }
  queueMicrotask(() => {
    throw error;
  });
}
