/** The one file of the collectors that touches a socket. */

import type { Socket, TLSOptions } from "bun";
import { isAcknowledged } from "./acknowledged.ts";
import { unlessAborted } from "./deadline.ts";
import { LineAnswers } from "./line-answers.ts";
import { KEEP_ALIVE_MS } from "./socket-limits.ts";
import type { TcpTarget } from "./tcp-target.ts";
import { readAuthorities, SocketError, socketTrouble } from "./socket-trouble.ts";

/**
 * How a connection came to its end: `finished` where the other side has ended it in an orderly way, which on most systems
 * says that the program there had read all that had arrived; `taken` where this side has, the other one's system has all
 * of it, and the program there did not close in time; `broken` otherwise.
 */
export type SocketEnd = "finished" | "taken" | "broken";

/** `ending`: this side has said that nothing more comes. */
type State = "dialling" | "open" | "ending" | "over";

const NEXT_STATES: Readonly<Record<State, readonly State[]>> = {
  dialling: ["open", "over"],
  open: ["ending", "over"],
  ending: ["over"],
  over: [],
};

/** A connection that lines are sent on. What the other side says is dropped, unless an answer is waited for. */
export class LineSocket {
  readonly #target: TcpTarget;
  readonly #ready: PromiseWithResolvers<void> = Promise.withResolvers();
  readonly #ended: PromiseWithResolvers<SocketEnd> = Promise.withResolvers();
  readonly #gone: PromiseWithResolvers<void> = Promise.withResolvers();
  readonly #answers = new LineAnswers();
  #socket: Socket | undefined;
  #state: State = "dialling";
  #trouble = "the connection was lost";
  #drained: PromiseWithResolvers<void> | undefined;

  /**
   * Resolves once it is connected, and with TLS once the other side has proved to be the host.
   *
   * @throws {SocketError}
   */
  static async dial(target: TcpTarget, signal: AbortSignal): Promise<LineSocket> {
    const socket = new LineSocket(target);
    try {
      const dialled = await unlessAborted(socket.#dial(), signal);
      if (dialled !== undefined) return dialled;
      const step = socket.#socket === undefined ? "answer" : "finish the TLS handshake";
      const hint =
        socket.#socket === undefined ? "is a firewall in between?" : "does that port speak TLS?";
      throw new SocketError(`${target.where} did not ${step} in time; ${hint}`);
    } catch (error) {
      socket.terminate();
      throw error;
    }
  }

  private constructor(target: TcpTarget) {
    this.#target = target;
    // Nobody may be waiting any more when it fails.
    this.#ready.promise.catch(() => undefined);
  }

  /** Resolves with how it came to its end. Never rejects. */
  get ended(): Promise<SocketEnd> {
    return this.#ended.promise;
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  /**
   * Resolves once the system has taken all of it. A connection on which it was given up half-way is closed, for
   * whatever came next would stand in the middle of a line.
   *
   * @throws {SocketError}
   */
  async write(bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    let taken = 0;
    while (taken < bytes.length) {
      if (signal.aborted) {
        this.terminate();
        throw new SocketError(
          `${this.#target.where} takes nothing, or too slowly; is it overloaded?`,
        );
      }
      const count = this.isOpen ? this.#write(bytes, taken) : -1;
      if (count < 0) {
        this.terminate();
        throw this.#overError();
      }
      taken += count;
      if (taken < bytes.length) await this.#drain(signal);
    }
  }

  /**
   * The next line that the other side says from now on, its beginning if it is long.
   *
   * @throws {SocketError}
   */
  async answer(signal: AbortSignal): Promise<string> {
    if (!this.isOpen) throw this.#overError();
    const line = await unlessAborted(this.#answers.next(), signal);
    if (line !== undefined) return line;
    if (!this.isOpen) throw this.#overError();
    throw new SocketError(
      `${this.#target.where} did not answer in time; does it answer ok to each batch?`,
    );
  }

  /**
   * Tells the other side that nothing more comes, and lets it read the rest; resolves once it has closed. One that leaves
   * its direction open keeps what it has been sent.
   */
  async finish(signal: AbortSignal): Promise<void> {
    if (this.isOpen) {
      this.#enter("ending");
      this.#socket?.shutdown();
    }
    await unlessAborted(this.#gone.promise, signal);
    const socket = this.#state === "ending" ? this.#socket : undefined;
    if (socket !== undefined && (await isAcknowledged(socket))) {
      this.#over("taken", this.#trouble);
      // A reset may take away what the program there has not read yet.
      socket.end();
      return;
    }
    this.terminate();
  }

  /** Closes at once. */
  terminate(): void {
    this.#over("broken", this.#trouble);
    this.#socket?.terminate();
  }

  /** What is wrong with a connection that is over. */
  #overError(): SocketError {
    return new SocketError(`${this.#target.where}: ${this.#trouble}`);
  }

  async #dial(): Promise<this> {
    const { host, port, where, tls } = this.#target;
    try {
      await Bun.connect({
        hostname: host,
        port,
        allowHalfOpen: true,
        ...(tls === undefined ? {} : { tls: await tlsOptions(host, tls.caFile) }),
        socket: {
          open: (socket) => this.#opened(socket),
          handshake: (socket, success, error) => {
            if (success && socket.authorized) this.#established();
            else this.#refuse(error?.message ?? "its certificate was not accepted");
          },
          data: (_socket, chunk) => this.#answers.push(chunk),
          drain: () => this.#drained?.resolve(),
          end: (socket) => {
            // A write that meets a reset takes nothing, and what is read then looks like an orderly end.
            const isOrderly = this.#drained === undefined;
            this.#over(isOrderly ? "finished" : "broken", "it closed the connection");
            // What the system still holds is sent, should the other side have ended its direction alone.
            socket.end();
          },
          close: (_socket, error) => {
            // Once this side has ended, an orderly end of the other one is told as the close alone.
            const isOrderly = this.#state === "ending" && error === undefined;
            this.#over(isOrderly ? "finished" : "broken", socketTrouble(error));
            this.#gone.resolve();
          },
          error: (socket, error) => {
            this.#over("broken", socketTrouble(error));
            socket.terminate();
          },
        },
      });
      await this.#ready.promise;
    } catch (error) {
      if (error instanceof SocketError) throw error;
      throw new SocketError(`${where}: ${socketTrouble(error)}`, { cause: error });
    }
    return this;
  }

  #opened(socket: Socket): void {
    this.#socket = socket;
    if (this.#state !== "dialling") {
      socket.terminate();
      return;
    }
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    if (this.#target.tls === undefined) this.#established();
  }

  #established(): void {
    if (this.#state !== "dialling") return;
    this.#enter("open");
    this.#ready.resolve();
  }

  #refuse(why: string): void {
    if (this.#state !== "dialling") return;
    const text = `TLS failed: ${why}; see tls_ca, and the host's name in url`;
    this.#over("broken", text);
    this.#socket?.terminate();
  }

  #write(bytes: Uint8Array, start: number): number {
    return this.#socket?.write(bytes, start, bytes.length - start) ?? -1;
  }

  async #drain(signal: AbortSignal): Promise<void> {
    this.#drained = Promise.withResolvers();
    await unlessAborted(this.#drained.promise, signal);
    this.#drained = undefined;
  }

  #over(end: SocketEnd, trouble: string): void {
    if (this.#state === "over") return;
    this.#trouble = trouble;
    this.#enter("over");
    this.#ready.reject(this.#overError());
    this.#drained?.resolve();
    this.#answers.stop();
    this.#ended.resolve(end);
  }

  #enter(state: State): void {
    if (!NEXT_STATES[this.#state].includes(state)) {
      throw new Error(`a connection cannot go from ${this.#state} to ${state}`);
    }
    this.#state = state;
  }
}

async function tlsOptions(host: string, caFile: string | undefined): Promise<TLSOptions> {
  const ca = caFile === undefined ? {} : { ca: await readAuthorities(caFile) };
  return { serverName: host, rejectUnauthorized: true, requestCert: true, ...ca };
}
