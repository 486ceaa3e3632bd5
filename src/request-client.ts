/**
 * The dialling side of a request-based communication, in the style of promises.
 *
 * ```ts
 * import { RequestClient } from "ccp-mesh/ccp";
 *
 * const client = await RequestClient.connect({ host: "127.0.0.1", port: 28080, plugin: "echo" });
 * const reply = await client.request("hello");
 * await client.close();
 * ```
 */

import { type CallObserver, dialAccepted } from "./accepted-call.ts";
import type { Call, DialOptions } from "./dial.ts";
import { CcpError } from "./errors.ts";
import { Fifo } from "./fifo.ts";
import { DEFAULT_CLIENT_LIMITS, TIMEOUT_MS_MAX, withLimits } from "./limits.ts";

/** The time at the first request of the present turn of the event loop: asking costs as much as sending. */
let turnMs: number | undefined;

function turnNowMs(): number {
  if (turnMs === undefined) {
    turnMs = performance.now();
    setImmediate(() => {
      turnMs = undefined;
    });
  }
  return turnMs;
}

export interface RequestOptions {
  /** Instead of the limit `requestTimeoutMs`. */
  readonly timeoutMs?: number;
  /** Gives up waiting; the reply, when it comes, is dropped. */
  readonly signal?: AbortSignal | undefined;
}

const NO_OPTIONS: RequestOptions = {};

interface PendingRequest {
  readonly deadlineMs: number;
  readonly timeoutMs: number;
  /** `undefined` once it was given up; its reply is still to come and takes its turn. */
  settle: PromiseWithResolvers<Buffer> | undefined;
}

export class RequestClient {
  readonly #requestsInFlightMax: number;
  readonly #requestTimeoutMs: number;
  readonly #pending = new Fifo<PendingRequest>();
  readonly #over: PromiseWithResolvers<CcpError | undefined> = Promise.withResolvers();
  #call: Call | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerMs = Number.POSITIVE_INFINITY;

  /**
   * Dials and waits for the acceptance.
   *
   * @throws {CcpError} `connection_refused`, `host_not_found`, `connect_timeout`, `connect_failed`,
   *   `tls_failed`, `accept_timeout`, `nobody_home`, `communication_error`, `protocol_error`,
   *   `connection_aborted`, `cancelled`, `invalid_option`
   */
  static async connect(options: DialOptions): Promise<RequestClient> {
    const client = new RequestClient(options);
    client.#call = await dialAccepted({ ...options, mode: "request" }, client.#observer);
    return client;
  }

  private constructor(options: DialOptions) {
    const limits = withLimits(DEFAULT_CLIENT_LIMITS, options.limits);
    this.#requestsInFlightMax = limits.requestsInFlightMax;
    this.#requestTimeoutMs = limits.requestTimeoutMs;
  }

  /** Resolves when the communication is over: with the error, or `undefined` if it simply ended. */
  get over(): Promise<CcpError | undefined> {
    return this.#over.promise;
  }

  /** Requests whose replies have not come. */
  get inFlight(): number {
    return this.#pending.size;
  }

  /**
   * Sends a request and resolves with its reply. Many may be in flight; replies come in order.
   *
   * @throws {CcpError} `request_timeout`, `cancelled`, `too_many_requests`, `communication_ended`,
   *   `nobody_home`, `communication_error`, `protocol_error`, `connection_aborted`,
   *   `send_queue_full`, `bad_data`, `message_too_large`
   */
  request(data: Uint8Array | string, options: RequestOptions = NO_OPTIONS): Promise<Buffer> {
    try {
      return this.#send(data, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Ends the communication and resolves once the connection is closed. */
  async close(): Promise<void> {
    this.#call?.stop();
    await this.#call?.closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #send(
    data: Uint8Array | string,
    { timeoutMs = this.#requestTimeoutMs, signal }: RequestOptions,
  ): Promise<Buffer> {
    // NaN included.
    if (!(timeoutMs > 0)) {
      throw new CcpError("invalid_option", `timeoutMs must be above 0, not ${timeoutMs}`);
    }
    if (signal?.aborted === true) throw cancelled(signal);
    if (this.#pending.size >= this.#requestsInFlightMax) {
      const text = `${this.#pending.size} requests already wait for their replies`;
      throw new CcpError("too_many_requests", text);
    }
    this.#call?.send(data);
    const settle = Promise.withResolvers<Buffer>();
    const deadlineMs = turnNowMs() + timeoutMs;
    const pending: PendingRequest = { deadlineMs, timeoutMs, settle };
    this.#pending.push(pending);
    if (this.#pending.size === 1) queueMicrotask(this.#flushLone);
    if (deadlineMs < this.#timerMs) this.#armTimer(deadlineMs);
    if (signal !== undefined) giveUpOn(signal, pending, settle.promise);
    return settle.promise;
  }

  get #target(): string {
    return this.#call?.target ?? "the endpoint";
  }

  /** A request alone waits for no others; one of a burst, which has more behind it by now, does. */
  readonly #flushLone = (): void => {
    if (this.#pending.size === 1) this.#call?.flush();
  };

  readonly #observer: CallObserver = {
    onData: (data) => {
      const pending = this.#pending.shift();
      if (pending === undefined) {
        const text = `${this.#target} sent a reply to no request`;
        this.#call?.abort(new CcpError("protocol_error", text));
        return;
      }
      pending.settle?.resolve(data);
    },
    onOver: (error) => {
      clearTimeout(this.#timer);
      const ended = `${this.#target} ended the communication before it replied`;
      const reason = error ?? new CcpError("communication_ended", ended);
      for (const { settle } of this.#pending) settle?.reject(reason);
      this.#pending.clear();
      this.#over.resolve(error);
    },
  };

  /** One timer for all requests: it is armed for the earliest deadline known. */
  #armTimer(deadlineMs: number): void {
    clearTimeout(this.#timer);
    this.#timerMs = deadlineMs;
    const waitMs = Math.min(Math.max(deadlineMs - performance.now(), 0), TIMEOUT_MS_MAX);
    this.#timer = setTimeout(() => this.#onDeadline(), waitMs);
    // A deadline alone keeps no program alive; the connection does.
    this.#timer.unref();
  }

  #onDeadline(): void {
    this.#timerMs = Number.POSITIVE_INFINITY;
    const now = performance.now();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const pending of this.#pending) {
      if (pending.settle === undefined) continue;
      if (pending.deadlineMs > now) {
        nextMs = Math.min(nextMs, pending.deadlineMs);
      } else {
        const text = `${this.#target} did not reply within ${pending.timeoutMs} ms`;
        pending.settle.reject(new CcpError("request_timeout", text));
        pending.settle = undefined;
      }
    }
    if (nextMs !== Number.POSITIVE_INFINITY) this.#armTimer(nextMs);
  }
}

function giveUpOn(signal: AbortSignal, pending: PendingRequest, reply: Promise<Buffer>): void {
  const onCancel = (): void => {
    pending.settle?.reject(cancelled(signal));
    pending.settle = undefined;
  };
  const forget = (): void => signal.removeEventListener("abort", onCancel);
  signal.addEventListener("abort", onCancel, { once: true });
  reply.then(forget, forget);
}

function cancelled(signal: AbortSignal): CcpError {
  return new CcpError("cancelled", "the request was cancelled", { cause: signal.reason });
}
