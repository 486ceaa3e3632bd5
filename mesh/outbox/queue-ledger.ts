import type { QueueCounts } from "./queue-table.ts";

/** `counted`: something that may wait, because no entry came or went. */
type Change = "none" | "counted" | "changed";

interface Balance {
  readonly counts: QueueCounts;
  readonly oldestAt: number | undefined;
  readonly change: Change;
}

/** What is known of a queue without a look at the disk. A transaction that fails leaves it as it was. */
export class QueueLedger {
  #counts: QueueCounts;
  #oldestAt: number | undefined;
  #change: Change = "none";
  #before: Balance | undefined;

  constructor(counts: QueueCounts, oldestAt: number | undefined) {
    this.#counts = counts;
    this.#oldestAt = oldestAt;
  }

  get counts(): Readonly<QueueCounts> {
    return this.#counts;
  }

  /** When the oldest entry came, by the outbox's time. */
  get oldestAt(): number | undefined {
    return this.#oldestAt;
  }

  /** What of it is not on the disk. */
  get change(): Change {
    return this.#change;
  }

  begin(): void {
    const [counts, oldestAt, change] = [{ ...this.#counts }, this.#oldestAt, this.#change];
    this.#before = { counts, oldestAt, change };
  }

  onWritten(): void {
    this.#change = "none";
  }

  committed(): void {
    this.#before = undefined;
  }

  rolledBack(): void {
    if (this.#before === undefined) return;
    this.#counts = this.#before.counts;
    this.#oldestAt = this.#before.oldestAt;
    this.#change = this.#before.change;
    this.#before = undefined;
  }

  onRefused(): void {
    this.#counts.refused += 1;
    if (this.#change === "none") this.#change = "counted";
  }

  /** Answers the number of the entry. */
  onAppended(bytes: number, at: number): number {
    this.#counts.lastSeq += 1;
    this.#counts.depth += 1;
    this.#counts.bytes += bytes;
    this.#counts.appended += 1;
    this.#oldestAt ??= at;
    this.#change = "changed";
    return this.#counts.lastSeq;
  }

  onTaken(entries: number, bytes: number, oldestAt: number | undefined): void {
    this.#counts.depth -= entries;
    this.#counts.bytes -= bytes;
    this.#oldestAt = oldestAt;
    this.#change = "changed";
  }

  onRemoved(entries: number): void {
    this.#counts.removed += entries;
  }

  onDropped(entries: number): void {
    this.#counts.dropped += entries;
  }

  onDead(letters: number, bytes: number): void {
    this.#counts.dead += letters;
    this.#counts.deadBytes += bytes;
    this.#change = "changed";
  }
}
