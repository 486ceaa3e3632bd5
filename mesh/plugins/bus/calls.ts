import { MeshError, type ServiceRequest } from "../../index.ts";
import { CALLS_MAX, FAILURE_CHARS_MAX } from "./limits.ts";
import type { Outlet } from "./outlet.ts";

interface Call {
  resolve(payload: unknown): void;
  reject(error: MeshError): void;
}

/** Requests that the services of one application are to answer. [BUS-2.6] */
export class Calls {
  readonly #outlet: Outlet;
  readonly #waiting = new Map<number, Call>();
  #lastCall = 0;

  constructor(outlet: Outlet) {
    this.#outlet = outlet;
  }

  /**
   * Puts the request to the service of this id, and answers as the application does.
   *
   * @throws {MeshError} `remote_failure`
   */
  async put(id: number, request: ServiceRequest): Promise<unknown> {
    if (this.#waiting.size >= CALLS_MAX) {
      throw failure(`the application answers ${CALLS_MAX} requests already; try again later`);
    }
    this.#lastCall += 1;
    const call = this.#lastCall;
    const answered = Promise.withResolvers<unknown>();
    this.#waiting.set(call, answered);
    let isTold = false;
    const giveUp = (): void => {
      if (!this.#waiting.delete(call)) return;
      if (isTold) this.#outlet.send({ op: "cancelled", call });
      answered.reject(failure("nobody waits for the answer any more"));
    };
    request.signal.addEventListener("abort", giveUp, { once: true });
    try {
      const told = this.#outlet.whenRoom(() => {
        if (!this.#waiting.has(call)) return;
        this.#tell({ id, call, request });
        isTold = true;
      });
      await Promise.race([told, answered.promise]);
      return await answered.promise;
    } finally {
      this.#waiting.delete(call);
      request.signal.removeEventListener("abort", giveUp);
    }
  }

  /** A call that nobody waits for any more is ignored: the answer and the news of that have crossed. */
  reply(call: number, payload: unknown): void {
    this.#waiting.get(call)?.resolve(payload);
    this.#waiting.delete(call);
  }

  /** As {@link reply}. */
  fail(call: number, text: string): void {
    this.#waiting.get(call)?.reject(failure(text.slice(0, FAILURE_CHARS_MAX)));
    this.#waiting.delete(call);
  }

  failAll(text: string): void {
    for (const call of this.#waiting.keys()) this.fail(call, text);
  }

  #tell({ id, call, request }: { id: number; call: number; request: ServiceRequest }): void {
    try {
      const { from, payload } = request;
      this.#outlet.send({ op: "call", id, call, from, payload });
    } catch (cause) {
      throw failure("the payload cannot be told to the application that serves", cause);
    }
  }
}

/** An answer to the requester, and no line in the log. */
function failure(text: string, cause?: unknown): MeshError {
  return new MeshError("remote_failure", text, { cause });
}
