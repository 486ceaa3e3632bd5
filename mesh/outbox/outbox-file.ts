import { Database, type SQLQueryBindings, type Statement } from "bun:sqlite";
import { accessSync, constants, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { LOOK_THROUGH_BYTES_MAX, WAL_BYTES_MAX, WAL_PAGES } from "./limits.ts";
import { OutboxError } from "./outbox-error.ts";
import { damaged, outboxError, unwritable } from "./sqlite-failure.ts";

const FILE_NAME = "outbox.sqlite";
/** "CCPO": what tells the file from other programs' databases. */
const APPLICATION_ID = 0x43_43_50_4f;
/** Grows when an earlier version could not read the file. */
const FORMAT = 1;
const PAGE_BYTES = 4096;

const SCHEMA = [
  `CREATE TABLE queues (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE,
    last_seq INTEGER NOT NULL, depth INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0,
    appended INTEGER NOT NULL DEFAULT 0, removed INTEGER NOT NULL DEFAULT 0,
    refused INTEGER NOT NULL DEFAULT 0, dropped INTEGER NOT NULL DEFAULT 0,
    dead INTEGER NOT NULL DEFAULT 0, dead_bytes INTEGER NOT NULL DEFAULT 0
  ) STRICT`,
  `CREATE TABLE dead_letters (
    id INTEGER PRIMARY KEY, queue INTEGER NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL,
    buried_at INTEGER NOT NULL, reason TEXT NOT NULL, bytes BLOB NOT NULL, UNIQUE (queue, seq)
  ) STRICT`,
  "CREATE TABLE records (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT",
  "CREATE TABLE facts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT",
  `PRAGMA application_id = ${APPLICATION_ID}`,
  `PRAGMA user_version = ${FORMAT}`,
];

export type Prepared<Row, Bindings extends SQLQueryBindings[]> = ReturnType<
  typeof Database.prototype.prepare<Row, Bindings>
>;

export interface FileOptions {
  /** Made where there is none. */
  readonly folder: string;
  readonly fileBytesMax: number;
}

/**
 * The one file, open for writing by this process alone: the lock goes with the process, however it ends. What is
 * committed is on the disk, as far as the system tells the truth.
 */
export class OutboxFile {
  readonly path: string;
  readonly #database: Database;
  /** Closing a database whose statements are not finalized leaves it open, and locked. */
  readonly #statements = new Set<Pick<Statement, "finalize">>();
  readonly #begin: Statement<unknown, []>;
  readonly #commit: Statement<unknown, []>;
  readonly #rollback: Statement<unknown, []>;
  readonly #freePages: Statement<{ readonly freelist_count: number }, []>;

  /** @throws {OutboxError} `in_use`, `unwritable`, `damaged`, `too_new`, `disk_full`, `io_failed` */
  static open({ folder, fileBytesMax }: FileOptions): OutboxFile {
    const path = join(folder, FILE_NAME);
    assertWritable(folder, path);
    assertWholeFiles(path);
    let database: Database | undefined;
    try {
      database = new Database(path, { create: true, readwrite: true, strict: true });
      return new OutboxFile(path, database, Math.floor(fileBytesMax / PAGE_BYTES));
    } catch (cause) {
      database?.close();
      throw outboxError(cause, path);
    }
  }

  private constructor(path: string, database: Database, pagesMax: number) {
    this.path = path;
    this.#database = database;
    this.#configure(pagesMax);
    this.#begin = this.prepare("BEGIN IMMEDIATE");
    this.#commit = this.prepare("COMMIT");
    this.#rollback = this.prepare("ROLLBACK");
    this.#freePages = this.prepare("PRAGMA freelist_count");
    this.#migrate();
    this.#lookThrough();
  }

  /** Empty pages of the file. */
  get freePages(): number {
    return this.#freePages.get()?.freelist_count ?? 0;
  }

  prepare<Row, Bindings extends SQLQueryBindings[]>(sql: string): Prepared<Row, Bindings> {
    const statement = this.#database.prepare<Row, Bindings>(sql);
    this.#statements.add(statement);
    return statement;
  }

  release(statement: Pick<Statement, "finalize">): void {
    this.#statements.delete(statement);
    statement.finalize();
  }

  /** Runs once what need not be fast. */
  run(sql: string): void {
    this.#database.run(sql);
  }

  /**
   * All that `work` writes is on the disk when this returns, or none of it when it throws.
   *
   * @throws {OutboxError} `disk_full`, `damaged`, `io_failed`, and what `work` throws
   */
  transact(work: () => void): void {
    try {
      this.#begin.run();
      work();
      this.#commit.run();
    } catch (cause) {
      // A full disk may have taken it back already.
      if (this.#database.inTransaction) this.#rollback.run();
      throw outboxError(cause, this.path);
    }
  }

  /** Gives up to so many empty pages back to the disk. @throws {OutboxError} as `transact` */
  shrink(pages: number): void {
    try {
      this.#database.run(`PRAGMA incremental_vacuum(${pages})`);
    } catch (cause) {
      throw outboxError(cause, this.path);
    }
  }

  /** Moves what the log holds to its place, so that the log is written from its beginning again. */
  checkpoint(): void {
    try {
      this.#database.run("PRAGMA wal_checkpoint(PASSIVE)");
    } catch (cause) {
      throw outboxError(cause, this.path);
    }
  }

  close(): void {
    for (const statement of this.#statements) statement.finalize();
    this.#statements.clear();
    this.#database.close();
  }

  #configure(pagesMax: number): void {
    // Before anything is read: the lock is then taken with the first look at the file.
    this.#database.run("PRAGMA locking_mode = EXCLUSIVE");
    if (this.#number("PRAGMA page_count") === 0) {
      this.#database.run(`PRAGMA page_size = ${PAGE_BYTES}`);
      this.#database.run("PRAGMA auto_vacuum = INCREMENTAL");
    }
    this.#database.run("PRAGMA journal_mode = WAL");
    this.#database.run("PRAGMA synchronous = FULL");
    // Of use on macOS, where to sync is not to write to the disk.
    this.#database.run("PRAGMA fullfsync = ON");
    this.#database.run(`PRAGMA wal_autocheckpoint = ${WAL_PAGES}`);
    this.#database.run(`PRAGMA journal_size_limit = ${WAL_BYTES_MAX}`);
    this.#database.run(`PRAGMA max_page_count = ${pagesMax}`);
  }

  #migrate(): void {
    this.transact(() => {
      const tables = this.#number("SELECT count(*) FROM sqlite_schema");
      const format = this.#number("PRAGMA user_version");
      const isOurs = this.#number("PRAGMA application_id") === APPLICATION_ID;
      if (tables === 0 && format === 0) for (const sql of SCHEMA) this.#database.run(sql);
      else if (!isOurs || format < 1) throw damaged(this.path, "it is another program's database");
      else if (format > FORMAT) throw tooNew(this.path, format);
    });
  }

  #lookThrough(): void {
    const bytes = this.#number("PRAGMA page_count") * PAGE_BYTES;
    if (bytes > LOOK_THROUGH_BYTES_MAX) return;
    const statement = this.#database.prepare<{ readonly quick_check: string }, []>(
      "PRAGMA quick_check(1)",
    );
    const found = statement.get()?.quick_check;
    statement.finalize();
    if (found === "ok") return;
    throw damaged(this.path, found?.replace(/\s+/g, " ") ?? "it cannot be looked through");
  }

  #number(sql: string): number {
    const statement = this.#database.prepare(sql);
    const value: unknown = statement.values()[0]?.[0];
    statement.finalize();
    return Number(value);
  }
}

function assertWritable(folder: string, path: string): void {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    const files = [path, `${path}-wal`];
    for (const file of files.filter((file) => sizeOf(file) !== undefined)) {
      accessSync(file, constants.R_OK | constants.W_OK);
    }
  } catch (cause) {
    throw unwritable(path, cause);
  }
}

/** SQLite would delete the log of a file that is gone, and all that is in it. */
function assertWholeFiles(path: string): void {
  const waiting = sizeOf(`${path}-wal`) ?? 0;
  if (waiting === 0 || (sizeOf(path) ?? 0) > 0) return;
  throw damaged(path, `it is gone or empty, while ${path}-wal holds what was written last`);
}

function sizeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.size;
}

function tooNew(path: string, format: number): OutboxError {
  const text =
    `${path} was written by a later version (format ${format}, and this one reads ${FORMAT}). ` +
    "Start that version again, or name another folder";
  return new OutboxError("too_new", text);
}
