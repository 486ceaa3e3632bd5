import type { Batch, SendResult, Sink } from "../../../mesh/plugins/collectors/sink.ts";

export const DELIVERED: SendResult = { kind: "delivered" };
export const GONE: SendResult = { kind: "retry", text: "nobody listens there" };
export const REFUSED: SendResult = { kind: "refused", text: "it will not have it" };

export type Answer = SendResult | Promise<SendResult>;

export interface SentBatch {
  readonly seqs: readonly number[];
  readonly key: string;
  readonly signal: AbortSignal;
}

/** Answers each batch as the test says; once it has said nothing more, takes all. */
export class ScriptedSink implements Sink {
  readonly where = "test://receiver";
  readonly batchEventsMax?: number;
  /** What was sent, in order. */
  readonly batches: SentBatch[] = [];
  readonly #script: ((batch: Batch) => Answer)[] = [];
  #otherwise: (batch: Batch) => Answer = () => DELIVERED;

  constructor(batchEventsMax?: number) {
    if (batchEventsMax !== undefined) this.batchEventsMax = batchEventsMax;
  }

  /** The numbers of the events of each batch that was sent. */
  get seqs(): (readonly number[])[] {
    return this.batches.map(({ seqs }) => seqs);
  }

  get last(): SentBatch {
    const last = this.batches.at(-1);
    if (last === undefined) throw new Error("nothing was sent");
    return last;
  }

  /** The answers of the next batches, one each. */
  answers(...answers: readonly Answer[]): this {
    for (const answer of answers) this.#script.push(() => answer);
    return this;
  }

  /** What all are answered for which nothing else was said. */
  otherwise(answer: (batch: Batch) => Answer): this {
    this.#otherwise = answer;
    return this;
  }

  async send(batch: Batch, signal: AbortSignal): Promise<SendResult> {
    this.batches.push({ seqs: batch.events.map(({ seq }) => seq), key: batch.key, signal });
    const answer = this.#script.shift() ?? this.#otherwise;
    return await answer(batch);
  }

  async close(): Promise<void> {}
}
