/** What is asked of the outbox and waited for, as the group commit takes it. */

import { sizeOf } from "./entry-table.ts";
import type { Job } from "./group-commit.ts";
import { OutboxError } from "./outbox-error.ts";
import type { QueueStore } from "./queue-store.ts";
import type { RecordChange, RecordTable } from "./record-table.ts";

/** What a job keeps in memory besides its bytes. */
const JOB_OVERHEAD_BYTES = 256;

abstract class Awaited<Answer> implements Job {
  readonly #done = Promise.withResolvers<Answer>();

  get bytes(): number {
    return JOB_OVERHEAD_BYTES;
  }

  get promise(): Promise<Answer> {
    return this.#done.promise;
  }

  committed(): void {
    this.#done.resolve(this.answer());
  }

  failed(error: OutboxError): void {
    this.#done.reject(error);
  }

  abstract run(): OutboxError | undefined;
  protected abstract answer(): Answer;
}

export interface StoreEntry {
  readonly store: QueueStore;
  readonly bytes: Uint8Array;
}

/** Entries for one or several queues, and records: all of it or none. */
export class AppendJob extends Awaited<number[]> {
  readonly #entries: readonly StoreEntry[];
  readonly #changes: readonly RecordChange[];
  readonly #records: RecordTable;
  #seqs: number[] = [];

  constructor(
    entries: readonly StoreEntry[],
    changes: readonly RecordChange[],
    records: RecordTable,
  ) {
    super();
    this.#entries = entries;
    this.#changes = changes;
    this.#records = records;
  }

  override get bytes(): number {
    return this.#entries.reduce((sum, { bytes }) => sum + bytes.length, JOB_OVERHEAD_BYTES);
  }

  run(): OutboxError | undefined {
    const refusal = this.#refusal();
    if (refusal !== undefined) return refusal;
    this.#seqs = this.#entries.map(({ store, bytes }) => store.append(bytes));
    if (this.#changes.length > 0) this.#records.apply(this.#changes);
    return undefined;
  }

  override failed(error: OutboxError): void {
    for (const { store } of this.#entries) store.countRefused();
    super.failed(error);
  }

  protected answer(): number[] {
    return this.#seqs;
  }

  #refusal(): OutboxError | undefined {
    const sizes = new Map<QueueStore, number>();
    for (const { store, bytes } of this.#entries) {
      sizes.set(store, (sizes.get(store) ?? 0) + sizeOf(bytes.length));
    }
    for (const [store, size] of sizes) {
      const refusal = store.refusal(size);
      if (refusal !== undefined) return refusal;
    }
    return this.#changes.length > 0 ? this.#records.refusal(this.#changes) : undefined;
  }
}

/** A dead letter goes to the end of its queue, or for good. */
export class DeadLetterJob extends Awaited<number> {
  readonly #store: QueueStore;
  readonly #seq: number;
  readonly #fate: "replay" | "discard";
  #newSeq = 0;

  constructor(store: QueueStore, seq: number, fate: "replay" | "discard") {
    super();
    this.#store = store;
    this.#seq = seq;
    this.#fate = fate;
  }

  run(): OutboxError | undefined {
    const letter = this.#store.deadLetter(this.#seq);
    if (letter === undefined) {
      const text = `the queue "${this.#store.name}" has no dead letter ${this.#seq}`;
      return new OutboxError("not_found", text);
    }
    const isReplay = this.#fate === "replay";
    const refusal = isReplay ? this.#store.refusal(sizeOf(letter.bytes.length)) : undefined;
    if (refusal !== undefined) return refusal;
    this.#store.takeDeadLetter(letter);
    if (isReplay) this.#newSeq = this.#store.append(letter.bytes);
    return undefined;
  }

  /** The number of a replayed entry. */
  protected answer(): number {
    return this.#newSeq;
  }
}

export interface DiscardJobOptions {
  /** Within the transaction. */
  readonly write: () => void;
  readonly onDone: () => void;
  readonly onFailed: () => void;
}

/** A queue goes for good. */
export class DiscardJob extends Awaited<void> {
  readonly #options: DiscardJobOptions;

  constructor(options: DiscardJobOptions) {
    super();
    this.#options = options;
  }

  run(): undefined {
    this.#options.write();
  }

  override failed(error: OutboxError): void {
    this.#options.onFailed();
    super.failed(error);
  }

  protected answer(): void {
    this.#options.onDone();
  }
}
