import { type Clock, errorText } from "../../../index.ts";
import { ERROR_CHARS_MAX } from "../limits.ts";
import type { Batch, SendResult, Sink } from "../sink.ts";

export interface SendingOptions {
  /** What is to be done before. */
  readonly prepare: () => Promise<void>;
  readonly sink: Sink;
  readonly batch: Batch;
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** `given_up`: nothing is known of it, and nobody wants to know any more. */
export type SendOutcome = SendResult | { readonly kind: "given_up" };

/** One batch on its way. */
export class Sending {
  /** Never rejects, and comes when the time is over, whatever the sink does. */
  readonly outcome: Promise<SendOutcome>;
  readonly #controller = new AbortController();
  readonly #settle: (outcome: SendOutcome) => void;

  constructor({ prepare, sink, batch, timeoutMs, clock }: SendingOptions) {
    const { promise, resolve } = Promise.withResolvers<SendOutcome>();
    this.outcome = promise;
    const cancel = clock.after(timeoutMs, () => {
      const text = `${sink.where} has not confirmed a batch within ${timeoutMs} ms; the same is sent again`;
      this.#end({ kind: "retry", text });
    });
    this.#settle = (outcome) => {
      cancel();
      resolve(outcome);
    };
    void this.#send(prepare, sink, batch);
  }

  giveUp(): void {
    this.#end({ kind: "given_up" });
  }

  async #send(prepare: () => Promise<void>, sink: Sink, batch: Batch): Promise<void> {
    try {
      await prepare();
      if (this.#controller.signal.aborted) return;
      this.#settle(await sink.send(batch, this.#controller.signal));
    } catch (error) {
      const text = `the collector's own program failed: ${errorText(error)}`;
      this.#settle({ kind: "retry", text: text.slice(0, ERROR_CHARS_MAX) });
    }
  }

  /** The first outcome counts. */
  #end(outcome: SendOutcome): void {
    this.#settle(outcome);
    this.#controller.abort();
  }
}
