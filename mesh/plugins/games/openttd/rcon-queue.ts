import type { Cancel, Clock } from "../../../index.ts";
import type { OpenttdLimits } from "./limits.ts";
import { OpenttdError } from "./openttd-error.ts";

/** What the console printed in answer to a command. */
export interface RconReply {
  readonly lines: readonly string[];
  /** Whether it printed more than is kept. */
  readonly truncated: boolean;
}

interface Pending {
  readonly resolve: (reply: RconReply) => void;
  readonly reject: (error: OpenttdError) => void;
  readonly cancelTimer: Cancel;
  /** Nobody waits any more once it is settled; its answer is still to come, before those of the next. */
  settled: boolean;
  lines: string[];
  chars: number;
  truncated: boolean;
}

export interface RconQueueOptions {
  readonly limits: OpenttdLimits;
  readonly clock: Clock;
}

/** Commands that wait for their answers. The server carries them out, and answers, in their order. */
export class RconQueue {
  readonly #limits: OpenttdLimits;
  readonly #clock: Clock;
  readonly #pending: Pending[] = [];

  constructor({ limits, clock }: RconQueueOptions) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** Counts a command that is about to be sent. Rejects with `queue_full`, `timeout`, or what `fail` is given. */
  async add(send: () => boolean, timeoutMs: number): Promise<RconReply> {
    if (this.#pending.length >= this.#limits.rconCommandsMax) {
      const text = `${this.#pending.length} console commands wait for their answers already; send fewer at a time`;
      throw new OpenttdError("queue_full", text);
    }
    if (!send()) {
      const text =
        "the server takes nothing of what waits for it; the console command was not sent";
      throw new OpenttdError("queue_full", text);
    }
    const { promise, resolve, reject } = Promise.withResolvers<RconReply>();
    const pending: Pending = {
      resolve,
      reject,
      cancelTimer: this.#clock.after(timeoutMs, () => this.#onTimeout(pending, timeoutMs)),
      settled: false,
      lines: [],
      chars: 0,
      truncated: false,
    };
    this.#pending.push(pending);
    return await promise;
  }

  onLine(line: string): void {
    const [first] = this.#pending;
    // Nobody asked: what a command does later is printed with nobody's name on it.
    if (first === undefined || first.settled) return;
    // A line costs something, even if nothing is in it.
    first.chars += line.length + 1;
    if (first.chars <= this.#limits.rconReplyCharsMax) first.lines.push(line);
    else first.truncated = true;
  }

  onEnd(): void {
    const first = this.#pending.shift();
    if (first === undefined || first.settled) return;
    first.cancelTimer();
    first.settled = true;
    first.resolve({ lines: first.lines, truncated: first.truncated });
  }

  /** None will be answered. */
  fail(error: OpenttdError): void {
    for (const pending of this.#pending.splice(0)) {
      pending.cancelTimer();
      if (!pending.settled) pending.reject(error);
      pending.settled = true;
    }
  }

  #onTimeout(pending: Pending, timeoutMs: number): void {
    pending.settled = true;
    pending.lines = [];
    const text = `the server did not answer the console command within ${timeoutMs} ms; it may still carry it out`;
    pending.reject(new OpenttdError("timeout", text));
  }
}
