import type { SQLQueryBindings, Statement } from "bun:sqlite";
import { ENTRY_OVERHEAD_BYTES } from "./limits.ts";
import type { OutboxFile, Prepared } from "./outbox-file.ts";
import type { Span } from "./seq-spans.ts";

/** When an entry came, by the outbox's time. */
export interface EntryTime {
  readonly seq: number;
  readonly at: number;
}

export interface StoredEntry extends EntryTime {
  readonly bytes: Uint8Array;
}

/** What was taken out. */
export interface Taken {
  readonly entries: number;
  /** With what each entry counts besides. */
  readonly bytes: number;
  /** Up to this number nothing of the span is left. */
  readonly to: number;
}

interface Sum {
  readonly entries: number;
  readonly bytes: number | null;
  readonly last: number | null;
}

/** What an entry of so many bytes counts. */
export function sizeOf(bytes: number): number {
  return bytes + ENTRY_OVERHEAD_BYTES;
}

/** The entries of one queue. A table for each queue: appending at the end of one is what SQLite does fastest. */
export class EntryTable {
  readonly #file: OutboxFile;
  readonly #name: string;
  readonly #statements: Pick<Statement, "finalize">[] = [];
  readonly #insert: Statement<unknown, [number, number, Uint8Array]>;
  readonly #get: Statement<StoredEntry, [number]>;
  readonly #next: Statement<EntryTime, [number]>;
  readonly #newest: Statement<EntryTime, []>;
  readonly #read: Statement<StoredEntry, [number, number, number]>;
  readonly #sum: Statement<Sum, [number, number, number]>;
  readonly #lengths: Statement<{ readonly seq: number; readonly length: number }, [number]>;
  readonly #delete: Statement<unknown, [number, number]>;

  static create(file: OutboxFile, queue: number): void {
    file.run(
      `CREATE TABLE entries_${queue} (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, bytes BLOB NOT NULL) STRICT`,
    );
  }

  constructor(file: OutboxFile, queue: number) {
    this.#file = file;
    const name = `entries_${queue}`;
    this.#name = name;
    this.#insert = this.#prepare(`INSERT INTO ${name} VALUES (?, ?, ?)`);
    this.#get = this.#prepare(`SELECT seq, at, bytes FROM ${name} WHERE seq = ?`);
    this.#next = this.#prepare(`SELECT seq, at FROM ${name} WHERE seq >= ? ORDER BY seq LIMIT 1`);
    this.#newest = this.#prepare(`SELECT seq, at FROM ${name} ORDER BY seq DESC LIMIT 1`);
    this.#read = this.#prepare(
      `SELECT seq, at, bytes FROM ${name} WHERE seq BETWEEN ? AND ? ORDER BY seq LIMIT ?`,
    );
    this.#sum = this.#prepare(
      `SELECT count(*) AS entries, sum(size) AS bytes, max(seq) AS last FROM
       (SELECT seq, length(bytes) AS size FROM ${name} WHERE seq BETWEEN ? AND ? ORDER BY seq LIMIT ?)`,
    );
    this.#lengths = this.#prepare(
      `SELECT seq, length(bytes) AS length FROM ${name} ORDER BY seq LIMIT ?`,
    );
    this.#delete = this.#prepare(`DELETE FROM ${name} WHERE seq BETWEEN ? AND ?`);
  }

  insert({ seq, at, bytes }: StoredEntry): void {
    this.#insert.run(seq, at, bytes);
  }

  get(seq: number): StoredEntry | undefined {
    return this.#get.get(seq) ?? undefined;
  }

  /** The first entry from this number on. */
  from(seq: number): EntryTime | undefined {
    return this.#next.get(seq) ?? undefined;
  }

  newest(): EntryTime | undefined {
    return this.#newest.get() ?? undefined;
  }

  /** One after the other, oldest first: what is not asked for is not read. */
  read({ from, to }: Span, countMax: number): IterableIterator<StoredEntry> {
    return this.#read.iterate(from, to, countMax);
  }

  /** Takes out the oldest entries of the span, so many at most. */
  take({ from, to }: Span, countMax: number): Taken {
    const sum = this.#sum.get(from, to, countMax);
    const { entries = 0, bytes, last } = sum ?? {};
    if (last === null || last === undefined) return { entries: 0, bytes: 0, to };
    this.#delete.run(from, last);
    const size = (bytes ?? 0) + entries * ENTRY_OVERHEAD_BYTES;
    return { entries, bytes: size, to: entries < countMax ? to : last };
  }

  /** The last of the oldest entries that together count `bytes` or more, but of no more than so many. */
  lastOf(bytes: number, countMax: number): number {
    let last = 0;
    let left = bytes;
    for (const { seq, length } of this.#lengths.iterate(countMax)) {
      last = seq;
      left -= sizeOf(length);
      if (left <= 0) break;
    }
    return last;
  }

  /** The last entry that came before `at`; 0 if none did. Entries lie in the order of their times. */
  lastBefore(at: number, newest: number): number {
    let found = 0;
    let low = 1;
    let high = newest;
    while (low <= high) {
      const middle = low + Math.floor((high - low) / 2);
      const entry = this.from(middle);
      if (entry !== undefined && entry.at < at) {
        found = entry.seq;
        low = entry.seq + 1;
      } else {
        high = middle - 1;
      }
    }
    return found;
  }

  /** Within a transaction. */
  drop(): void {
    this.#file.run(`DROP TABLE ${this.#name}`);
  }

  close(): void {
    for (const statement of this.#statements) this.#file.release(statement);
  }

  #prepare<Row, Bindings extends SQLQueryBindings[]>(sql: string): Prepared<Row, Bindings> {
    const statement = this.#file.prepare<Row, Bindings>(sql);
    this.#statements.push(statement);
    return statement;
  }
}
