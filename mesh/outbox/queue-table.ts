import type { Statement } from "bun:sqlite";
import type { OutboxFile } from "./outbox-file.ts";

/** What is counted for each queue, and kept in the transaction that changes it. */
export interface QueueCounts {
  /** The number of the last entry that was appended. */
  lastSeq: number;
  depth: number;
  bytes: number;
  appended: number;
  removed: number;
  refused: number;
  dropped: number;
  dead: number;
  deadBytes: number;
}

export interface QueueRow {
  readonly id: number;
  /** `undefined` once the queue was discarded. */
  readonly name: string | undefined;
  readonly counts: QueueCounts;
}

type CountValues = [
  lastSeq: number,
  depth: number,
  bytes: number,
  appended: number,
  removed: number,
  refused: number,
  dropped: number,
  dead: number,
  deadBytes: number,
];

/** The queues of the file. */
export class QueueTable {
  readonly #all: Statement<QueueCounts & { id: number; name: string | null }, []>;
  readonly #insert: Statement<{ readonly id: number }, [string, number]>;
  readonly #count: Statement<unknown, [...CountValues, id: number]>;
  readonly #discard: Statement<unknown, [number]>;
  readonly #delete: Statement<unknown, [number]>;

  constructor(file: OutboxFile) {
    this.#all = file.prepare(
      `SELECT id, name, last_seq AS lastSeq, depth, bytes, appended, removed, refused, dropped, dead,
       dead_bytes AS deadBytes FROM queues ORDER BY id`,
    );
    this.#insert = file.prepare("INSERT INTO queues (name, last_seq) VALUES (?, ?) RETURNING id");
    this.#count = file.prepare(
      `UPDATE queues SET last_seq = ?, depth = ?, bytes = ?, appended = ?, removed = ?, refused = ?, dropped = ?,
       dead = ?, dead_bytes = ? WHERE id = ?`,
    );
    this.#discard = file.prepare("UPDATE queues SET name = NULL WHERE id = ?");
    this.#delete = file.prepare("DELETE FROM queues WHERE id = ?");
  }

  all(): QueueRow[] {
    return this.#all
      .all()
      .map(({ id, name, ...counts }) => ({ id, name: name ?? undefined, counts }));
  }

  /** A queue whose first entry follows on `lastSeq`. */
  add(name: string, lastSeq: number): QueueRow {
    const { id } = this.#insert.all(name, lastSeq)[0] ?? {};
    if (id === undefined) throw new Error(`the queue "${name}" got no row`);
    return { id, name, counts: emptyCounts(lastSeq) };
  }

  count(id: number, counts: QueueCounts): void {
    const { lastSeq, depth, bytes, appended, removed, refused, dropped, dead, deadBytes } = counts;
    this.#count.run(
      lastSeq,
      depth,
      bytes,
      appended,
      removed,
      refused,
      dropped,
      dead,
      deadBytes,
      id,
    );
  }

  discard(id: number): void {
    this.#discard.run(id);
  }

  delete(id: number): void {
    this.#delete.run(id);
  }
}

function emptyCounts(lastSeq: number): QueueCounts {
  return {
    lastSeq,
    depth: 0,
    bytes: 0,
    appended: 0,
    removed: 0,
    refused: 0,
    dropped: 0,
    dead: 0,
    deadBytes: 0,
  };
}
