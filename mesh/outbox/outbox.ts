import { type Cancel, type Clock, SYSTEM_CLOCK } from "../clock.ts";
import { ClockKeeper } from "./clock-keeper.ts";
import { DeadLetterTable } from "./dead-letter-table.ts";
import { DiscardedQueue } from "./discarded-queue.ts";
import { DiskReserve } from "./disk-reserve.ts";
import { EntryTable } from "./entry-table.ts";
import { Facts } from "./facts.ts";
import { GroupCommit, type Party } from "./group-commit.ts";
import { AppendJob, DiscardJob, type StoreEntry } from "./jobs.ts";
import {
  DEFAULT_OUTBOX_LIMITS,
  ENTRY_OVERHEAD_BYTES,
  type OutboxLimits,
  UPKEEP_INTERVAL_MS,
} from "./limits.ts";
import { OutboxError } from "./outbox-error.ts";
import { OutboxFile } from "./outbox-file.ts";
import { OutboxQueue, type QueueStatus } from "./outbox-queue.ts";
import { OutboxRecords } from "./outbox-records.ts";
import { OutboxTime } from "./outbox-time.ts";
import { assertQueueOptions, type QueueOptions } from "./queue-options.ts";
import { discardedError, type QueueContext, QueueStore } from "./queue-store.ts";
import { QueueTable } from "./queue-table.ts";
import { type RecordChange, RecordTable } from "./record-table.ts";
import { outboxError } from "./sqlite-failure.ts";
import { StoreAccess } from "./store-access.ts";

export interface OutboxOptions {
  /** Made where there is none. */
  readonly folder: string;
  readonly limits?: Readonly<Partial<OutboxLimits>>;
  readonly clock?: Clock;
  /** Milliseconds since 1970. Replaced by tests alone. */
  readonly now?: () => number;
}

export interface NewEntry {
  readonly queue: OutboxQueue;
  readonly bytes: Uint8Array;
}

export interface NamedQueue extends QueueStatus {
  readonly name: string;
  /** Whether somebody opened it this time. */
  readonly isOpen: boolean;
}

/**
 * What must not be lost: queues in one file, `outbox.sqlite`, of which a promise that resolved is kept, however the
 * process or the machine ends.
 */
export class Outbox implements AsyncDisposable {
  readonly records: OutboxRecords;
  readonly #file: OutboxFile;
  readonly #limits: OutboxLimits;
  readonly #clock: Clock;
  readonly #facts: Facts;
  readonly #recordTable: RecordTable;
  readonly #context: QueueContext;
  readonly #commits: GroupCommit;
  readonly #access: StoreAccess;
  readonly #parties = new Set<Party>();
  /** By name, opened or not. */
  readonly #stores = new Map<string, QueueStore>();
  readonly #opened = new Map<OutboxQueue, QueueStore>();
  /** Until they are on the disk. */
  readonly #discards = new Map<QueueStore, Promise<void>>();
  #cancelUpkeep: Cancel = () => {};

  /**
   * Takes as long for a million entries as for none.
   *
   * @throws {OutboxError} `in_use`, `unwritable`, `damaged`, `too_new`, `disk_full`, `io_failed`
   */
  static open(options: OutboxOptions): Outbox {
    const limits = { ...DEFAULT_OUTBOX_LIMITS, ...options.limits };
    const file = OutboxFile.open({ folder: options.folder, fileBytesMax: limits.fileBytesMax });
    try {
      return new Outbox(file, limits, options);
    } catch (cause) {
      file.close();
      throw outboxError(cause, file.path);
    }
  }

  private constructor(file: OutboxFile, limits: OutboxLimits, options: OutboxOptions) {
    const { clock = SYSTEM_CLOCK, now: wallMs = Date.now } = options;
    this.#file = file;
    this.#limits = limits;
    this.#clock = clock;
    this.#facts = new Facts(file);
    this.#recordTable = new RecordTable(file, limits);
    const queues = new QueueTable(file);
    const rows = queues.all().map(({ id, name, counts }) => {
      return { id, name, counts, table: new EntryTable(file, id) };
    });
    const newestMs = Math.max(0, ...rows.map(({ table }) => table.newest()?.at ?? 0));
    const aheadMs = this.#facts.get("clock_ahead_ms");
    const time = new OutboxTime({ clock, wallMs, aheadMs, newestMs });
    const reserve = new DiskReserve(`${file.path}-reserve`, limits.reserveBytes);
    const parties = this.#parties;
    this.#commits = new GroupCommit({ file, reserve, clock, limits, parties });
    const deadLetters = new DeadLetterTable(file);
    this.#context = { file, queues, deadLetters, time, commits: this.#commits, limits };
    this.#access = new StoreAccess({ path: file.path, commits: this.#commits, time });
    this.records = new OutboxRecords(this.#recordTable, this.#access);
    parties.add(new ClockKeeper(time, this.#facts));
    for (const { name, ...row } of rows) {
      if (name === undefined) this.#dropRest(row.id, row.table);
      else this.#addStore(new QueueStore(this.#context, name, row));
    }
    this.#scheduleUpkeep();
  }

  /** Why nothing can be appended now, or what the last commit failed with; `undefined` while all is well. */
  get failure(): OutboxError | undefined {
    return this.#commits.failure;
  }

  /**
   * Opens the queue of this name, and makes it where there is none. Opened again, it is the same with new options.
   *
   * @throws {OutboxError} `invalid`, `too_many`, `disk_full`, `io_failed`, `closed`
   */
  queue(name: string, options: QueueOptions): OutboxQueue {
    this.#access.assertOpen();
    assertQueueOptions(name, options);
    // One that is being discarded goes first, so that there is a new one.
    if (this.#isGoing(this.#stores.get(name))) this.#commits.commit();
    const store = this.#stores.get(name) ?? this.#createStore(name);
    store.open(options);
    for (const [queue, opened] of this.#opened) if (opened === store) return queue;
    const note = noteKey(store);
    const queue = new OutboxQueue(store, this.#access, {
      append: (queue, bytes) => this.append([{ queue, bytes }]),
      note: () => this.records.get(note),
      keepNote: async (queue, text) => {
        if (!this.#opened.has(queue) || this.#isGoing(store)) throw discardedError(queue.name);
        await this.records.set(note, text);
      },
    });
    this.#opened.set(queue, store);
    return queue;
  }

  /** All queues of the file, those included that nobody opened this time. */
  queues(): NamedQueue[] {
    const open = new Set(this.#opened.values());
    return [...this.#stores.values()].map((store) => {
      return Object.assign({ name: store.name, isOpen: open.has(store) }, this.#statusOf(store));
    });
  }

  /** The queue of this name, if somebody has opened it this time. */
  opened(name: string): OutboxQueue | undefined {
    return [...this.#opened.keys()].find((queue) => queue.name === name);
  }

  /**
   * Resolves once all of it is on the disk, with the number of each entry in its queue; if it rejects, none of it is.
   * A byte array may be changed as soon as this returns.
   *
   * @throws {OutboxError} `full`, `too_large`, `too_many`, `disk_full`, `io_failed`, `damaged`, `discarded`, `closed`
   */
  async append(
    entries: readonly NewEntry[],
    records: readonly RecordChange[] = [],
  ): Promise<number[]> {
    this.#access.assertOpen();
    for (const record of records) this.#recordTable.assertFits(record);
    const stored = entries.map((entry) => this.#storeEntry(entry));
    return await this.#access.ask(new AppendJob(stored, records, this.#recordTable));
  }

  /**
   * Takes a queue out with all that is in it, dead letters too, for good. Resolves once its name is gone; its room is
   * given back over time. A queue of the same name that is opened later goes on with higher numbers.
   *
   * @throws {OutboxError} `not_found`, `disk_full`, `io_failed`, `damaged`, `closed`
   */
  async discard(name: string): Promise<void> {
    this.#access.assertOpen();
    const store = this.#stores.get(name);
    if (store === undefined) {
      throw new OutboxError("not_found", `${this.#file.path} has no queue "${name}"`);
    }
    const asked = this.#discards.get(store) ?? this.#askDiscard(store);
    this.#discards.set(store, asked);
    try {
      await asked;
    } finally {
      this.#discards.delete(store);
    }
  }

  /** Resolves once all that was appended, removed and buried so far is on the disk. @throws {OutboxError} */
  async flush(): Promise<void> {
    this.#access.assertOpen();
    await this.#commits.flush();
  }

  /**
   * Writes what waits, and closes the file. Nothing can be appended meanwhile.
   *
   * @throws {OutboxError} why not all could be written; the file is closed nevertheless
   */
  async close(): Promise<void> {
    if (!this.#access.isOpen) return;
    this.#access.close();
    this.#cancelUpkeep();
    const failure = this.#commits.close();
    this.#file.close();
    if (failure !== undefined) throw failure;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #statusOf({ counts, oldestAt }: QueueStore): QueueStatus {
    const { depth, bytes, appended, removed, refused, dropped, dead } = counts;
    const at = oldestAt === undefined ? undefined : this.#access.time.wallAt(oldestAt);
    return { depth, bytes, oldestAt: at, appended, removed, refused, dropped, dead };
  }

  #storeEntry({ queue, bytes }: NewEntry): StoreEntry {
    const store = this.#opened.get(queue);
    if (store === undefined) throw discardedError(queue.name);
    const ofQueue = (store.options?.bytesMax ?? 0) - ENTRY_OVERHEAD_BYTES;
    const bytesMax = Math.min(this.#limits.entryBytesMax, ofQueue);
    // A copy, because whoever appends may use the same buffer for the next.
    if (bytes.length <= bytesMax) return { store, bytes: bytes.slice() };
    store.countRefused();
    const text = `the queue "${store.name}" takes entries of ${bytesMax} bytes at most, and this one has ${bytes.length}`;
    throw new OutboxError("too_large", text);
  }

  #createStore(name: string): QueueStore {
    const { queuesMax } = this.#limits;
    if (this.#stores.size >= queuesMax) {
      const text = `${this.#file.path} has ${queuesMax} queues, as many as it may: discard those that nobody needs`;
      throw new OutboxError("too_many", text);
    }
    const { queues } = this.#context;
    let row: ReturnType<typeof queues.add> | undefined;
    this.#file.transact(() => {
      row = queues.add(name, this.#facts.get("last_seq_discarded"));
      EntryTable.create(this.#file, row.id);
    });
    if (row === undefined) throw new Error(`the queue "${name}" was not made`);
    const table = new EntryTable(this.#file, row.id);
    return this.#addStore(new QueueStore(this.#context, name, { ...row, table }));
  }

  #addStore(store: QueueStore): QueueStore {
    this.#stores.set(store.name, store);
    this.#parties.add(store);
    return store;
  }

  #isGoing(store: QueueStore | undefined): boolean {
    return store !== undefined && this.#discards.has(store);
  }

  async #askDiscard(store: QueueStore): Promise<void> {
    store.discard();
    await this.#access.ask(
      new DiscardJob({
        write: () => this.#writeDiscard(store),
        onDone: () => this.#onDiscarded(store),
        onFailed: () => store.keep(),
      }),
    );
  }

  #writeDiscard(store: QueueStore): void {
    const { id, counts } = store;
    this.#context.queues.discard(id);
    this.#recordTable.apply([{ key: noteKey(store), value: undefined }]);
    const lastSeq = Math.max(counts.lastSeq, this.#facts.get("last_seq_discarded"));
    this.#facts.set("last_seq_discarded", lastSeq);
  }

  #onDiscarded(store: QueueStore): void {
    this.#stores.delete(store.name);
    this.#parties.delete(store);
    for (const [queue, opened] of this.#opened) if (opened === store) this.#opened.delete(queue);
    this.#dropRest(store.id, store.table);
  }

  #dropRest(id: number, table: EntryTable): void {
    const onGone = (queue: DiscardedQueue) => void this.#parties.delete(queue);
    this.#parties.add(new DiscardedQueue({ id, table, context: this.#context, onGone }));
  }

  #scheduleUpkeep(): void {
    this.#cancelUpkeep = this.#clock.after(UPKEEP_INTERVAL_MS, () => {
      this.#commits.upkeep();
      this.#scheduleUpkeep();
    });
  }
}

/** Of the record that is the note of the queue. */
function noteKey({ id }: QueueStore): string {
  return `note:${id}`;
}
