import type { Envelope } from "../../../mesh/index.ts";
import type {
  EventQueue,
  QueueEntry,
  QueueRead,
} from "../../../mesh/plugins/collectors/event-queue.ts";

/** The outbox of a collector without a disk; it outlives the deliveries of a test. */
export class MemoryQueue implements EventQueue {
  readonly buried: { readonly seq: number; readonly reason: string }[] = [];
  readonly removed: number[] = [];
  /** Thrown by the next calls, one each. */
  readonly failures: Error[] = [];
  reads = 0;
  note: string | undefined;
  #entries: QueueEntry[] = [];
  #lastSeq = 0;

  /** In the queue, oldest first. */
  get seqs(): number[] {
    return this.#entries.map(({ seq }) => seq);
  }

  append(...events: readonly (Envelope | string | Uint8Array)[]): void {
    for (const event of events) {
      this.#lastSeq += 1;
      this.#entries.push({ seq: this.#lastSeq, bytes: bytesOf(event) });
    }
  }

  read({ after, countMax, bytesMax }: QueueRead): readonly QueueEntry[] {
    this.reads += 1;
    this.#fail();
    const entries: QueueEntry[] = [];
    let bytes = 0;
    const from = this.#entries.findIndex(({ seq }) => seq > after);
    for (let at = from; at !== -1 && at < this.#entries.length; at += 1) {
      const entry = this.#entries[at];
      if (entry === undefined || entries.length >= countMax) break;
      bytes += entry.bytes.length;
      if (bytes > bytesMax && entries.length > 0) break;
      entries.push(entry);
    }
    return entries;
  }

  remove(seqs: readonly number[]): void {
    this.#fail();
    const gone = new Set(seqs);
    this.#entries = this.#entries.filter(({ seq }) => !gone.has(seq));
    this.removed.push(...seqs);
  }

  async keepNote(text: string): Promise<void> {
    this.#fail();
    this.note = text;
  }

  async bury(seq: number, reason: string): Promise<void> {
    this.#fail();
    this.#entries = this.#entries.filter((entry) => entry.seq !== seq);
    this.buried.push({ seq, reason });
  }

  #fail(): void {
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
  }
}

function bytesOf(event: Envelope | string | Uint8Array): Uint8Array {
  if (event instanceof Uint8Array) return event;
  return Buffer.from(typeof event === "string" ? event : JSON.stringify(event));
}
