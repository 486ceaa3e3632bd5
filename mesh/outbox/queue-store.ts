import { type ReadBounds, readBounded } from "./bounded-read.ts";
import type { DeadLetterTable, StoredDeadLetter } from "./dead-letter-table.ts";
import { type EntryTable, sizeOf, type StoredEntry } from "./entry-table.ts";
import type { GroupCommit, Party, Work } from "./group-commit.ts";
import { type OutboxLimits, REASON_LENGTH_MAX } from "./limits.ts";
import { OutboxError } from "./outbox-error.ts";
import type { OutboxFile } from "./outbox-file.ts";
import type { OutboxTime } from "./outbox-time.ts";
import { QueueLedger } from "./queue-ledger.ts";
import type { QueueOptions } from "./queue-options.ts";
import type { QueueCounts, QueueRow, QueueTable } from "./queue-table.ts";
import { SettledEntries } from "./settled-entries.ts";
import { damaged } from "./sqlite-failure.ts";

/** What the queues of a file share. */
export interface QueueContext {
  readonly file: OutboxFile;
  readonly queues: QueueTable;
  readonly deadLetters: DeadLetterTable;
  readonly time: OutboxTime;
  readonly commits: GroupCommit;
  readonly limits: OutboxLimits;
}

export interface StoredQueue extends Pick<QueueRow, "id" | "counts"> {
  readonly table: EntryTable;
}

/** One queue on the disk, and what is kept of it in memory: its counts, and what is to be taken out. */
export class QueueStore implements Party {
  readonly id: number;
  readonly name: string;
  readonly table: EntryTable;
  readonly #context: QueueContext;
  readonly #settled = new SettledEntries();
  readonly #ledger: QueueLedger;
  /** Whether the present transaction leaves settled entries to the next. */
  #isBehind = false;
  /** What the present transaction has appended. */
  #broughtBytes = 0;
  /** `undefined` while nobody has opened it. */
  #options: QueueOptions | undefined;
  #state: "kept" | "discarded" = "kept";

  /** @throws {OutboxError} `damaged` */
  constructor(context: QueueContext, name: string, { id, counts, table }: StoredQueue) {
    this.id = id;
    this.name = name;
    this.table = table;
    this.#context = context;
    this.#ledger = new QueueLedger(counts, table.from(1)?.at);
    this.#assertSound();
  }

  get counts(): Readonly<QueueCounts> {
    return this.#ledger.counts;
  }

  /** By the outbox's time. */
  get oldestAt(): number | undefined {
    return this.#ledger.oldestAt;
  }

  get options(): QueueOptions | undefined {
    return this.#options;
  }

  get work(): Work {
    if (this.#settled.size > 0 || this.#excessBytes > 0) return "now";
    return this.#ledger.change !== "none" || this.#hasExpired ? "later" : "none";
  }

  open(options: QueueOptions): void {
    this.#options = options;
    if (this.work === "now") this.#context.commits.wake();
  }

  // What is asked for: at once in memory, on the disk with the next commit.

  remove(from: number, to: number): void {
    const end = Math.min(to, this.counts.lastSeq);
    if (end < from) return;
    this.#settled.remove(from, end);
    this.#context.commits.wake();
  }

  bury(seq: number, reason: string): void {
    if (seq > this.counts.lastSeq) return;
    this.#settled.bury(seq, reason.slice(0, REASON_LENGTH_MAX));
    this.#context.commits.wake();
  }

  countRefused(): void {
    this.#ledger.onRefused();
  }

  /** Nothing more is taken or read, until `keep`. */
  discard(): void {
    this.#state = "discarded";
  }

  keep(): void {
    this.#state = "kept";
  }

  /** Oldest first. */
  read(after: number, bounds: ReadBounds): StoredEntry[] {
    this.#assertReadable();
    const from = Math.max(after, this.#lastExpired()) + 1;
    const spans = this.#settled.rest(from, this.counts.lastSeq);
    return readBounded(spans, (span, countMax) => this.table.read(span, countMax), bounds);
  }

  readDeadLetters(after: number, bounds: ReadBounds): StoredDeadLetter[] {
    const { deadLetters } = this.#context;
    const read = (from: number, countMax: number) => deadLetters.read(this.id, from, countMax);
    return readBounded([after + 1], read, bounds);
  }

  // What jobs do within a transaction.

  /** Why so many bytes cannot be appended, in so many entries. */
  refusal(size: number): OutboxError | undefined {
    if (this.#state === "discarded") return discardedError(this.name);
    const { bytesMax, whenFull } = this.#options ?? {};
    if (bytesMax === undefined || whenFull === "drop_oldest") return undefined;
    if (this.counts.bytes + size <= bytesMax) return undefined;
    const text =
      `the queue "${this.name}" is full: ${this.counts.depth} entries wait in ${this.counts.bytes} bytes, ` +
      `and it may have ${bytesMax}. Look why they are not taken, or raise its bound`;
    return new OutboxError("full", text);
  }

  append(bytes: Uint8Array): number {
    const at = this.#context.time.now();
    const size = sizeOf(bytes.length);
    const seq = this.#ledger.onAppended(size, at);
    this.#broughtBytes += size;
    this.table.insert({ seq, at, bytes });
    return seq;
  }

  deadLetter(seq: number): StoredDeadLetter | undefined {
    return this.#context.deadLetters.get(this.id, seq);
  }

  takeDeadLetter({ seq, bytes }: StoredDeadLetter): void {
    this.#context.deadLetters.delete(this.id, seq);
    this.#ledger.onDead(-1, -sizeOf(bytes.length));
  }

  // The transaction.

  begin(): void {
    this.#ledger.begin();
    this.#broughtBytes = 0;
    for (const [seq, reason] of this.#settled.burials) this.#buryNow(seq, reason);
    let left = this.#context.limits.removalsPerCommitMax;
    for (const { from, to } of this.#settled.spans) {
      if (left <= 0) break;
      const removed = this.#takeOut(from, to, left);
      this.#ledger.onRemoved(removed);
      left -= removed;
    }
    this.#isBehind = left <= 0;
    const expired = this.#lastExpired();
    if (expired > 0 && left > 0) this.#ledger.onDropped(this.#takeOut(1, expired, left));
  }

  end(isFull: boolean): void {
    // What was delivered goes first, and is no loss.
    if (this.#excessBytes > 0 && !this.#isBehind) this.#dropOldest();
    const { change } = this.#ledger;
    if (change === "none" || (change === "counted" && !isFull)) return;
    this.#context.queues.count(this.id, this.counts);
    this.#ledger.onWritten();
  }

  committed(): void {
    this.#ledger.committed();
    this.#settled.committed();
  }

  rolledBack(): void {
    this.#ledger.rolledBack();
    this.#settled.rolledBack();
  }

  /** Answers how many. */
  #takeOut(from: number, to: number, countMax: number): number {
    const taken = this.table.take({ from, to }, countMax);
    this.#settled.onTakenOut(from, taken.to);
    if (taken.entries > 0) {
      this.#ledger.onTaken(taken.entries, taken.bytes, this.table.from(1)?.at);
    }
    return taken.entries;
  }

  /** As much as the transaction has brought, so that the bound holds; of what was too much before, a part. */
  #dropOldest(): void {
    const { removalsPerCommitMax } = this.#context.limits;
    const excess = this.#excessBytes;
    const ofBrought = this.table.lastOf(
      Math.min(excess, this.#broughtBytes),
      Number.MAX_SAFE_INTEGER,
    );
    const last = Math.max(ofBrought, this.table.lastOf(excess, removalsPerCommitMax));
    this.#ledger.onDropped(this.#takeOut(1, last, Number.MAX_SAFE_INTEGER));
  }

  #buryNow(seq: number, reason: string): void {
    const { deadLetters, time } = this.#context;
    this.#settled.onBuried(seq);
    const entry = this.table.get(seq);
    if (entry === undefined) return;
    const buriedAt = time.now();
    this.#takeOut(seq, seq, 1);
    deadLetters.insert(this.id, { ...entry, buriedAt, reason });
    this.#ledger.onDead(1, sizeOf(entry.bytes.length));
    this.#dropDeadLetters();
  }

  #dropDeadLetters(): void {
    const { deadLettersMax, deadBytesMax } = this.#context.limits;
    while (this.counts.dead > deadLettersMax || this.counts.deadBytes > deadBytesMax) {
      const bytes = this.#context.deadLetters.takeFirst(this.id);
      this.#ledger.onDead(-1, -bytes);
      this.#ledger.onDropped(1);
    }
  }

  get #excessBytes(): number {
    const { bytesMax, whenFull } = this.#options ?? {};
    if (bytesMax === undefined || whenFull !== "drop_oldest") return 0;
    return Math.max(0, this.counts.bytes - bytesMax);
  }

  get #hasExpired(): boolean {
    const { ageMaxMs } = this.#options ?? {};
    const { oldestAt } = this.#ledger;
    if (ageMaxMs === undefined || oldestAt === undefined) return false;
    return oldestAt < this.#context.time.now() - ageMaxMs;
  }

  /** The last entry that is too old; 0 if none is. */
  #lastExpired(): number {
    const { ageMaxMs } = this.#options ?? {};
    if (ageMaxMs === undefined || !this.#hasExpired) return 0;
    return this.table.lastBefore(this.#context.time.now() - ageMaxMs, this.counts.lastSeq);
  }

  /** Where nothing can be taken out, to read on would be to deliver all again after the next start. */
  #assertReadable(): void {
    if (this.#state === "discarded") throw discardedError(this.name);
    if (this.#settled.size < this.#context.limits.unsettledMax) return;
    const { failure } = this.#context.commits;
    if (failure !== undefined) throw failure;
  }

  #assertSound(): void {
    const { depth, lastSeq } = this.counts;
    const newest = this.table.newest();
    if (newest === undefined ? depth === 0 : depth > 0 && newest.seq <= lastSeq) return;
    const text = `what is counted of the queue "${this.name}" is not what waits in it`;
    throw damaged(this.#context.file.path, text);
  }
}

export function discardedError(name: string): OutboxError {
  const text = `the queue "${name}" was discarded; open it again to go on with an empty one`;
  return new OutboxError("discarded", text);
}
