import { CcpError } from "../../src/index.ts";
import type { Clock } from "../clock.ts";
import { MeshError } from "../mesh-error.ts";
import { printable, quoted } from "../printable.ts";
import type { IncomingReply } from "./call-frames.ts";
import { type OutgoingRequest, ReplyStatus, type Target } from "./calls.ts";
import { Deadlines, type Due } from "./deadlines.ts";
import { FAILURE_TEXT_BYTES_MAX } from "./limits.ts";
import { decodePayload, type Payload } from "./payload.ts";

const ID_MAX = 0xff_ff_ff_ff;

export interface RequesterOptions {
  readonly clock: Clock;
  /** Requests that may wait for their replies. */
  readonly requestsMax: number;
}

export interface AskOptions {
  readonly service: string;
  readonly payload: Payload;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

interface Waiting extends Due {
  readonly target: Target;
  readonly request: OutgoingRequest;
  readonly settled: PromiseWithResolvers<unknown>;
  /** Undone when it is settled. */
  readonly signal: AbortSignal | undefined;
  readonly onAbort: () => void;
}

export interface RequesterCounts {
  /** Sent, or given to a service of this node. */
  readonly asked: number;
  readonly answered: number;
  /** All others that are over: failed, timed out, cancelled, lost. */
  readonly failed: number;
  /** Replies that nobody waited for any more. */
  readonly late: number;
  readonly waiting: number;
}

/** The requests of this node that wait for their replies. */
export class Requester {
  readonly #clock: Clock;
  readonly #requestsMax: number;
  readonly #waiting = new Map<number, Waiting>();
  readonly #deadlines: Deadlines<Waiting>;
  #nextId = 0;
  #asked = 0;
  #answered = 0;
  #failed = 0;
  #late = 0;

  constructor({ clock, requestsMax }: RequesterOptions) {
    this.#clock = clock;
    this.#requestsMax = requestsMax;
    this.#deadlines = new Deadlines(clock, (waiting) => {
      const { service, timeoutMs } = waiting.request;
      const text =
        `${serviceOf(service, waiting.target)} did not answer in ${timeoutMs} ms; it may still have done ` +
        "what was asked; give it more time by timeoutMs, or see what keeps it";
      this.#giveUp(waiting, new MeshError("request_timeout", text));
    });
  }

  get counts(): RequesterCounts {
    return {
      asked: this.#asked,
      answered: this.#answered,
      failed: this.#failed,
      late: this.#late,
      waiting: this.#waiting.size,
    };
  }

  get deadlines(): number {
    return this.#deadlines.size;
  }

  /**
   * @throws {MeshError} `too_many_requests`, `queue_full`, `node_lost`, `cancelled`, `request_timeout`,
   *   `unknown_service`, `remote_failure`, `remote_busy`
   */
  async ask(target: Target, { service, payload, timeoutMs, signal }: AskOptions): Promise<unknown> {
    if (signal?.aborted === true) throw cancelled(service, signal.reason);
    this.#assertRoom(service);
    const request = { id: this.#freeId(), service, timeoutMs, payload };
    const waiting: Waiting = {
      target,
      request,
      settled: Promise.withResolvers(),
      signal,
      onAbort: () => this.#giveUp(waiting, cancelled(service, signal?.reason)),
      dueMs: this.#clock.now() + timeoutMs,
    };
    // Before it is sent, as that may end with the loss of the node.
    this.#waiting.set(request.id, waiting);
    this.#deadlines.add(waiting);
    signal?.addEventListener("abort", waiting.onAbort, { once: true });
    this.#asked += 1;
    const sent = target.ask(request);
    if (sent !== "sent") this.#fail(waiting, notSent(service, target, sent));
    return await waiting.settled.promise;
  }

  /** A reply that nobody waits for, of this node, is ignored. */
  onReply(target: Target, { id, kind, status, payload }: IncomingReply): void {
    const waiting = this.#waiting.get(id);
    if (waiting?.target !== target) {
      this.#late += 1;
      return;
    }
    const bytes = payload.chunk.subarray(payload.start, payload.end);
    if (status === ReplyStatus.answer) this.#answer(waiting, { kind, bytes });
    else this.#fail(waiting, failure(waiting, status, bytes));
  }

  /** What was sent to the node was lost on its way, or its answer is. [MESH-5.5] */
  onLost(target: Target): void {
    for (const waiting of this.#waiting.values()) {
      if (waiting.target !== target) continue;
      const text =
        `the way to ${quoted(target.name)} was lost before ${quoted(waiting.request.service)} answered; it ` +
        "may have done what was asked; ask again if that does no harm";
      this.#fail(waiting, new MeshError("node_lost", text));
    }
  }

  close(): void {
    for (const waiting of this.#waiting.values()) {
      this.#giveUp(waiting, cancelled(waiting.request.service, new Error("the node stops")));
    }
    this.#deadlines.clear();
  }

  #assertRoom(service: string): void {
    if (this.#waiting.size < this.#requestsMax) return;
    const text =
      `cannot ask ${quoted(service)}: ${this.#waiting.size} requests of this node wait for their replies ` +
      "already; wait for some, or raise [limits] mesh_requests_max";
    throw new MeshError("too_many_requests", text);
  }

  #freeId(): number {
    do {
      this.#nextId = this.#nextId === ID_MAX ? 0 : this.#nextId + 1;
    } while (this.#waiting.has(this.#nextId));
    return this.#nextId;
  }

  #answer(waiting: Waiting, payload: Payload): void {
    let answer: unknown;
    try {
      answer = decodePayload(payload);
    } catch (cause) {
      if (!(cause instanceof CcpError)) throw cause;
      const { request, target } = waiting;
      const text = `${serviceOf(request.service, target)} answered what cannot be read: ${cause.message}`;
      this.#fail(waiting, new MeshError("remote_failure", text, { cause }));
      return;
    }
    if (this.#forget(waiting)) {
      this.#answered += 1;
      waiting.settled.resolve(answer);
    }
  }

  /** The service is told that nobody waits any more. [MESH-7.5] */
  #giveUp(waiting: Waiting, error: MeshError): void {
    if (this.#fail(waiting, error)) waiting.target.cancel(waiting.request);
  }

  #fail(waiting: Waiting, error: MeshError): boolean {
    if (!this.#forget(waiting)) return false;
    this.#failed += 1;
    waiting.settled.reject(error);
    return true;
  }

  /** Answers `false` if it was settled before. */
  #forget(waiting: Waiting): boolean {
    this.#deadlines.delete(waiting);
    waiting.signal?.removeEventListener("abort", waiting.onAbort);
    return this.#waiting.delete(waiting.request.id);
  }
}

function serviceOf(service: string, { name }: Target): string {
  return `the service ${quoted(service)} of ${quoted(name)}`;
}

function cancelled(service: string, cause: unknown): MeshError {
  return new MeshError("cancelled", `the request to ${quoted(service)} was cancelled`, { cause });
}

function notSent(service: string, { name }: Target, sent: "full" | "lost"): MeshError {
  const request = `the request to ${quoted(service)} was not sent:`;
  return sent === "full"
    ? new MeshError(
        "queue_full",
        `${request} too much waits for ${quoted(name)}; wait for drained()`,
      )
    : new MeshError(
        "node_lost",
        `${request} there is no way to ${quoted(name)} now; ask again later`,
      );
}

function failure(
  { request, target }: Waiting,
  status: Exclude<ReplyStatus, typeof ReplyStatus.answer>,
  bytes: Buffer,
): MeshError {
  const who = serviceOf(request.service, target);
  const text = printable(bytes.toString("utf8", 0, FAILURE_TEXT_BYTES_MAX));
  switch (status) {
    case ReplyStatus.unknownService:
      return new MeshError(
        "unknown_service",
        `${who} is no longer offered; see whether its plugin is loaded there`,
      );
    case ReplyStatus.failed:
      return new MeshError("remote_failure", `${who} failed: ${text}`);
    case ReplyStatus.busy:
      return new MeshError(
        "remote_busy",
        `${who} was not called or could not answer: ${text}; ask again later`,
      );
  }
}
