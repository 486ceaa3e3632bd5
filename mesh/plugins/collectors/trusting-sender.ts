import { Backoff } from "../../index.ts";
import { Deadline, unlessAborted } from "./deadline.ts";
import { leaveBatches, takeLeftBatches } from "./left-batches.ts";
import { LineSocket, type SocketEnd } from "./line-socket.ts";
import { SentBatches } from "./sent-batches.ts";
import type { SendResult } from "./sink.ts";
import {
  FINISH_TIMEOUT_MS,
  PROVING_MS,
  RESEND_PAUSE_MS_MAX,
  RESEND_PAUSE_MS_MIN,
} from "./socket-limits.ts";
import { retryOf, type SocketSender } from "./socket-sender.ts";
import { SocketError } from "./socket-trouble.ts";
import type { TcpTarget } from "./tcp-target.ts";
import { Turns } from "./turns.ts";

export interface TrustingSenderOptions {
  readonly target: TcpTarget;
  /** Whose it is, where to, and in which form: the next sender with the same one goes on with what this one leaves. */
  readonly key: string;
  /** For one batch, the connection included. */
  readonly timeoutMs: number;
  /** What was sent so long before the other side closed comes again. */
  readonly resendMs: number;
}

/**
 * For receivers that answer nothing: delivered is what the system has taken, on a connection that has shown to last.
 * Where the connection ends later, what may have been lost with it is sent again, without being asked.
 */
export class TrustingSender implements SocketSender {
  readonly #options: TrustingSenderOptions;
  readonly #turns = new Turns();
  readonly #sent: SentBatches;
  readonly #closing = new AbortController();
  readonly #backoff = new Backoff({ minMs: RESEND_PAUSE_MS_MIN, maxMs: RESEND_PAUSE_MS_MAX });
  #socket: LineSocket | undefined;
  #proven: LineSocket | undefined;
  #resendTimer: ReturnType<typeof setTimeout> | undefined;
  /** This side has said that nothing more comes, before the other one did. */
  #isFinishing = false;

  constructor(options: TrustingSenderOptions) {
    this.#options = options;
    const { resendMs } = options;
    this.#sent = new SentBatches({ resendMs, nowMs: () => performance.now() });
  }

  start(): void {
    this.#sent.takeOver(takeLeftBatches(this.#options.key, performance.now()));
    this.#resendLater();
  }

  async send(bytes: Uint8Array, signal: AbortSignal): Promise<SendResult> {
    using deadline = new Deadline(this.#options.timeoutMs, signal, this.#closing.signal);
    return await this.#turns.run(() => this.#send(bytes, deadline.signal));
  }

  async close(): Promise<void> {
    this.#closing.abort();
    clearTimeout(this.#resendTimer);
    using deadline = new Deadline(FINISH_TIMEOUT_MS);
    await this.#turns.run(async () => {
      const socket = this.#socket;
      this.#isFinishing = socket?.isOpen === true;
      await socket?.finish(deadline.signal);
      // It is noted how it ended before this goes on.
      await socket?.ended;
      leaveBatches(this.#options.key, this.#sent.lostBatches, performance.now());
    });
  }

  async #send(bytes: Uint8Array, signal: AbortSignal): Promise<SendResult> {
    try {
      const socket = await this.#connected(signal);
      await socket.write(bytes, signal);
      await this.#prove(socket, signal);
      this.#sent.add(bytes);
      return { kind: "delivered" };
    } catch (error) {
      return retryOf(error);
    }
  }

  /** A connection on which all that was lost before has been sent. */
  async #connected(signal: AbortSignal): Promise<LineSocket> {
    const socket = this.#socket?.isOpen === true ? this.#socket : await this.#dial(signal);
    const { lost } = this.#sent;
    if (lost.length === 0) return socket;
    for (const bytes of lost) await socket.write(bytes, signal);
    await this.#prove(socket, signal);
    this.#sent.onResent();
    this.#backoff.reset();
    return socket;
  }

  async #dial(signal: AbortSignal): Promise<LineSocket> {
    using deadline = new Deadline(this.#options.target.connectTimeoutMs, signal);
    const socket = await LineSocket.dial(this.#options.target, deadline.signal);
    this.#socket = socket;
    // Without a turn of its own: it only takes notes.
    void socket.ended.then((end) => this.#onEnded(end));
    return socket;
  }

  /** A port that closes what it has just taken, has not taken anything. */
  async #prove(socket: LineSocket, signal: AbortSignal): Promise<void> {
    if (this.#proven === socket) return;
    using time = new Deadline(PROVING_MS, signal);
    const end = await unlessAborted(socket.ended, time.signal);
    if (end !== undefined) {
      const { where } = this.#options.target;
      throw new SocketError(
        `${where} closed the connection at once; does it speak TLS or not, as the url says, and does it want this machine?`,
      );
    }
    if (signal.aborted) throw new SocketError(`${this.#options.target.where}: it took too long`);
    this.#proven = socket;
  }

  #onEnded(end: SocketEnd): void {
    // Whoever ends it in order after this side has, has read all up to there.
    if (this.#isFinishing && end === "finished") this.#sent.onRead();
    else this.#sent.onEnd(end);
    this.#resendLater();
  }

  /** While events come, the next one brings along what was lost; else nothing would. */
  #resendLater(): void {
    if (this.#sent.lost.length === 0 || this.#closing.signal.aborted) return;
    clearTimeout(this.#resendTimer);
    this.#resendTimer = setTimeout(() => void this.#resend(), this.#backoff.next());
  }

  async #resend(): Promise<void> {
    using deadline = new Deadline(this.#options.timeoutMs, this.#closing.signal);
    await this.#turns.run(async () => {
      try {
        if (this.#sent.lost.length > 0) await this.#connected(deadline.signal);
      } catch {
        // The next attempt may do better; each batch that fails tells why.
        this.#resendLater();
      }
    });
  }
}
