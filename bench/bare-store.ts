/**
 * A bare SQLite file: one table like that of a queue, and the settings of the outbox, so that what is committed is on
 * the disk. No counts, no bounds, no time; this is what the outbox is measured against.
 */

import { Database, type Statement } from "bun:sqlite";
import { join } from "node:path";

export interface BareRow {
  readonly seq: number;
  readonly bytes: Uint8Array;
}

export class BareStore implements Disposable {
  readonly #database: Database;
  readonly #begin: Statement<unknown, []>;
  readonly #commit: Statement<unknown, []>;
  readonly #insert: Statement<unknown, [number, number, Uint8Array]>;
  readonly #read: Statement<BareRow, [number, number]>;
  readonly #delete: Statement<unknown, [number, number]>;
  readonly #count: Statement<{ readonly rows: number }, []>;
  #lastSeq = 0;

  constructor(folder: string) {
    const database = new Database(join(folder, "bare.sqlite"), { create: true, strict: true });
    this.#database = database;
    for (const pragma of [
      "locking_mode = EXCLUSIVE",
      "page_size = 4096",
      "auto_vacuum = INCREMENTAL",
      "journal_mode = WAL",
      "synchronous = FULL",
      "fullfsync = ON",
      "wal_autocheckpoint = 1000",
      "journal_size_limit = 16777216",
    ]) {
      database.run(`PRAGMA ${pragma}`);
    }
    database.run(
      `CREATE TABLE IF NOT EXISTS entries
       (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, bytes BLOB NOT NULL) STRICT`,
    );
    this.#begin = database.prepare("BEGIN IMMEDIATE");
    this.#commit = database.prepare("COMMIT");
    this.#insert = database.prepare("INSERT INTO entries VALUES (?, ?, ?)");
    this.#read = database.prepare(
      "SELECT seq, bytes FROM entries WHERE seq > ? ORDER BY seq LIMIT ?",
    );
    this.#delete = database.prepare("DELETE FROM entries WHERE seq BETWEEN ? AND ?");
    this.#count = database.prepare("SELECT count(*) AS rows FROM entries");
  }

  /** Looks at each of them, as who keeps no counts must. */
  count(): number {
    return this.#count.get()?.rows ?? 0;
  }

  /** In one transaction; on the disk when this returns. */
  append(rows: Iterable<Uint8Array>): void {
    this.#transact(() => {
      for (const bytes of rows) {
        this.#lastSeq += 1;
        this.#insert.run(this.#lastSeq, Date.now(), bytes);
      }
    });
  }

  read(after: number, countMax: number): BareRow[] {
    return this.#read.all(after, countMax);
  }

  /** As `append`. */
  remove(from: number, to: number): void {
    this.#transact(() => void this.#delete.run(from, to));
  }

  [Symbol.dispose](): void {
    const statements = [this.#begin, this.#commit, this.#insert, this.#read, this.#delete];
    for (const statement of [...statements, this.#count]) statement.finalize();
    this.#database.close();
  }

  #transact(work: () => void): void {
    this.#begin.run();
    work();
    this.#commit.run();
  }
}
