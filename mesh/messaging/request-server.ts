import { isPromiseLike } from "../../src/index.ts";
import type { Clock } from "../clock.ts";
import { errorText } from "../error-text.ts";
import { MeshError } from "../mesh-error.ts";
import { beginningOf, quoted } from "../printable.ts";
import type { IncomingRequest } from "./call-frames.ts";
import { type Caller, type Reply, ReplyStatus, textReply } from "./calls.ts";
import { Deadlines, type Due } from "./deadlines.ts";
import { FAILURE_TEXT_BYTES_MAX } from "./limits.ts";
import { ArrivedPayload } from "./message.ts";
import type { ServiceRequest } from "./messenger.ts";
import { encodePayload } from "./payload.ts";
import type { Service, Services } from "./services.ts";

export interface RequestServerOptions {
  readonly services: Services;
  readonly clock: Clock;
  /** Requests of one caller that may be answered at once. */
  readonly requestsPerCallerMax: number;
  readonly payloadBytesMax: number;
  /** Told what a service threw or rejected with, besides the caller. */
  readonly onHandlerError: (error: unknown, service: Service, from: string) => void;
}

export interface ServerCounts {
  readonly received: number;
  readonly answered: number;
  /** Whose service threw, or answered what cannot be sent. */
  readonly failed: number;
  /** Refused, because there was no such service or too many were being answered. */
  readonly refused: number;
  /** Being answered now. */
  readonly serving: number;
}

/** A request that a service answers. */
class ServedRequest extends ArrivedPayload implements ServiceRequest, Due {
  readonly id: number;
  readonly service: string;
  readonly caller: Caller;
  readonly dueMs: number;
  #abort: AbortController | undefined;
  #abandoned: MeshError | undefined;

  constructor({ id, kind, service, payload }: IncomingRequest, caller: Caller, dueMs: number) {
    super(kind, payload.chunk, payload.start, payload.end);
    this.id = id;
    this.service = service;
    this.caller = caller;
    this.dueMs = dueMs;
  }

  get from(): string {
    return this.caller.name;
  }

  /** Most services never look, so it is made for those that do. */
  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.#abandoned !== undefined) this.#abort.abort(this.#abandoned);
    }
    return this.#abort.signal;
  }

  /** Nobody waits any more. */
  abandon(why: string): void {
    const text = `the request to ${quoted(this.service)} from ${quoted(this.from)} is over: ${why}`;
    this.#abandoned = new MeshError("cancelled", text);
    this.#abort?.abort(this.#abandoned);
  }
}

/** What one caller has asked. */
class CallerRequests {
  /** Those that it waits for, by id. */
  readonly waiting = new Map<number, ServedRequest>();
  /** Services at work for it, also where it does not wait any more: what bounds them must count all. */
  running = 0;
}

/** Answers the requests of other nodes, and of this one, by its services. */
export class RequestServer {
  readonly #options: RequestServerOptions;
  readonly #callers = new Map<Caller, CallerRequests>();
  readonly #deadlines: Deadlines<ServedRequest>;
  #received = 0;
  #answered = 0;
  #failed = 0;
  #refused = 0;
  #serving = 0;

  constructor(options: RequestServerOptions) {
    this.#options = options;
    this.#deadlines = new Deadlines(options.clock, (request) => {
      this.#abandon(request, "its time is up");
    });
  }

  get counts(): ServerCounts {
    return {
      received: this.#received,
      answered: this.#answered,
      failed: this.#failed,
      refused: this.#refused,
      serving: this.#serving,
    };
  }

  /** Callers that something is kept of. */
  get callers(): number {
    return this.#callers.size;
  }

  get deadlines(): number {
    return this.#deadlines.size;
  }

  /** Answers what is wrong with the request, if it is none. */
  onRequest(caller: Caller, request: IncomingRequest): string | undefined {
    const { id, service: name } = request;
    const requests = this.#callers.get(caller) ?? new CallerRequests();
    if (requests.waiting.has(id)) return `request: its id ${id} is that of another`;
    this.#received += 1;
    const service = this.#options.services.get(name);
    if (service === undefined) {
      this.#refuse(caller, id, textReply(ReplyStatus.unknownService, "no such service"));
      return undefined;
    }
    if (requests.running >= this.#options.requestsPerCallerMax) {
      const text = `${requests.running} requests of this node are being answered`;
      this.#refuse(caller, id, textReply(ReplyStatus.busy, text));
      return undefined;
    }
    this.#callers.set(caller, requests);
    const dueMs = this.#options.clock.now() + request.timeoutMs;
    const served = new ServedRequest(request, caller, dueMs);
    requests.waiting.set(id, served);
    requests.running += 1;
    this.#serving += 1;
    this.#call(service, served);
    return undefined;
  }

  /** What is not there is done already. [MESH-7.5] */
  onCancel(caller: Caller, id: number): void {
    const request = this.#callers.get(caller)?.waiting.get(id);
    if (request !== undefined) this.#abandon(request, "it was cancelled");
  }

  /** The caller is gone. */
  onGone(caller: Caller): void {
    for (const request of this.#callers.get(caller)?.waiting.values() ?? []) {
      this.#abandon(request, "the node that asked is gone, or this one stops");
    }
  }

  close(): void {
    for (const caller of this.#callers.keys()) this.onGone(caller);
    this.#deadlines.clear();
  }

  #refuse(caller: Caller, id: number, reply: Reply): void {
    this.#refused += 1;
    caller.reply(id, reply);
  }

  #call(service: Service, request: ServedRequest): void {
    let answer: unknown;
    let later: PromiseLike<unknown> | undefined;
    try {
      answer = service.handler(request);
      // In here, because looking at a plugin's value may run the plugin's code.
      if (isPromiseLike(answer)) later = answer;
    } catch (error) {
      this.#fail(service, request, error);
      return;
    }
    if (later === undefined) {
      this.#answer(service, request, answer);
      return;
    }
    // Only now, because most services that answer at once would set a deadline for nothing.
    if (this.#isWaitedFor(request)) this.#deadlines.add(request);
    void this.#finish(service, request, later);
  }

  async #finish(
    service: Service,
    request: ServedRequest,
    answer: PromiseLike<unknown>,
  ): Promise<void> {
    let value: unknown;
    try {
      value = await answer;
    } catch (error) {
      this.#fail(service, request, error);
      return;
    }
    this.#answer(service, request, value);
  }

  #answer(service: Service, request: ServedRequest, answer: unknown): void {
    let reply: Reply;
    try {
      const payload = encodePayload(answer, this.#options.payloadBytesMax);
      reply = { status: ReplyStatus.answer, payload };
    } catch (error) {
      this.#fail(service, request, error);
      return;
    }
    this.#answered += 1;
    this.#reply(request, reply);
  }

  #fail(service: Service, request: ServedRequest, error: unknown): void {
    this.#failed += 1;
    this.#reply(request, textReply(ReplyStatus.failed, failureText(error)));
    this.#options.onHandlerError(error, service, request.from);
  }

  /** The service has done. */
  #reply(request: ServedRequest, reply: Reply): void {
    const isWaitedFor = this.#isWaitedFor(request);
    this.#forget(request);
    const requests = this.#callers.get(request.caller);
    this.#serving -= 1;
    if (requests !== undefined) {
      requests.running -= 1;
      if (requests.running === 0) this.#callers.delete(request.caller);
    }
    if (isWaitedFor) request.caller.reply(request.id, reply);
  }

  #abandon(request: ServedRequest, why: string): void {
    this.#forget(request);
    request.abandon(why);
  }

  #isWaitedFor(request: ServedRequest): boolean {
    return this.#callers.get(request.caller)?.waiting.get(request.id) === request;
  }

  #forget(request: ServedRequest): void {
    this.#deadlines.delete(request);
    if (this.#isWaitedFor(request)) {
      this.#callers.get(request.caller)?.waiting.delete(request.id);
    }
  }
}

/** The message and nothing else: where in the code it failed is not the caller's affair. */
function failureText(error: unknown): string {
  return beginningOf(errorText(error), FAILURE_TEXT_BYTES_MAX);
}
