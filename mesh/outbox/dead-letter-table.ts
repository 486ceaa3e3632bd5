import type { Statement } from "bun:sqlite";
import { sizeOf, type StoredEntry } from "./entry-table.ts";
import type { OutboxFile } from "./outbox-file.ts";

export interface StoredDeadLetter extends StoredEntry {
  readonly buriedAt: number;
  readonly reason: string;
}

/** Entries of all queues that cannot be delivered. */
export class DeadLetterTable {
  readonly #insert: Statement<unknown, [number, number, number, number, string, Uint8Array]>;
  readonly #read: Statement<StoredDeadLetter, [number, number, number]>;
  readonly #delete: Statement<unknown, [number, number]>;
  readonly #clear: Statement<unknown, [number]>;

  constructor(file: OutboxFile) {
    this.#insert = file.prepare(
      "INSERT INTO dead_letters (queue, seq, at, buried_at, reason, bytes) VALUES (?, ?, ?, ?, ?, ?)",
    );
    this.#read = file.prepare(
      `SELECT seq, at, buried_at AS buriedAt, reason, bytes FROM dead_letters
       WHERE queue = ? AND seq >= ? ORDER BY seq LIMIT ?`,
    );
    this.#delete = file.prepare("DELETE FROM dead_letters WHERE queue = ? AND seq = ?");
    this.#clear = file.prepare("DELETE FROM dead_letters WHERE queue = ?");
  }

  insert(queue: number, { seq, at, buriedAt, reason, bytes }: StoredDeadLetter): void {
    this.#insert.run(queue, seq, at, buriedAt, reason, bytes);
  }

  /** From a number on, lowest first. */
  read(queue: number, from: number, countMax: number): IterableIterator<StoredDeadLetter> {
    return this.#read.iterate(queue, from, countMax);
  }

  get(queue: number, seq: number): StoredDeadLetter | undefined {
    const found = this.#read.get(queue, seq, 1);
    return found?.seq === seq ? found : undefined;
  }

  /** Takes out the one with the lowest number. Answers what it counted. */
  takeFirst(queue: number): number {
    const first = this.#read.get(queue, 1, 1);
    if (first === null) return 0;
    this.#delete.run(queue, first.seq);
    return sizeOf(first.bytes.length);
  }

  delete(queue: number, seq: number): void {
    this.#delete.run(queue, seq);
  }

  clear(queue: number): void {
    this.#clear.run(queue);
  }
}
