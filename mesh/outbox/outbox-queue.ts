import type { ReadBounds } from "./bounded-read.ts";
import { DeadLetters } from "./dead-letters.ts";
import { DeadLetterJob } from "./jobs.ts";
import { assertWhole } from "./queue-options.ts";
import type { QueueStore } from "./queue-store.ts";
import type { StoreAccess } from "./store-access.ts";

export interface OutboxEntry {
  readonly seq: number;
  /** When it was appended, in milliseconds since 1970. */
  readonly at: number;
  readonly bytes: Uint8Array;
}

export interface QueueStatus {
  /** Entries on the disk, and their bytes with 16 more for each. */
  readonly depth: number;
  readonly bytes: number;
  /** When the oldest of them was appended, in milliseconds since 1970. */
  readonly oldestAt: number | undefined;
  /** Since the queue was made, restarts included. */
  readonly appended: number;
  readonly removed: number;
  /** Appends that failed, for whatever reason. */
  readonly refused: number;
  /** Entries lost to a bound: of bytes, of age, or on dead letters. */
  readonly dropped: number;
  /** Dead letters that are there. */
  readonly dead: number;
}

/** What a queue cannot do by itself. */
export interface QueueActions {
  readonly append: (queue: OutboxQueue, bytes: Uint8Array) => Promise<number[]>;
  readonly note: () => string | undefined;
  readonly keepNote: (queue: OutboxQueue, text: string) => Promise<void>;
}

/** Entries that wait on the disk, first in, first out. */
export class OutboxQueue {
  readonly name: string;
  readonly deadLetters: DeadLetters;
  readonly #store: QueueStore;
  readonly #access: StoreAccess;
  readonly #actions: QueueActions;

  /** For the outbox alone. */
  constructor(store: QueueStore, access: StoreAccess, actions: QueueActions) {
    this.name = store.name;
    this.#store = store;
    this.#access = access;
    this.#actions = actions;
    this.deadLetters = new DeadLetters({
      read: (after, bounds) => this.#readDeadLetters(after, bounds),
      act: (seq, fate) => access.ask(new DeadLetterJob(store, seq, fate)),
    });
  }

  /**
   * Resolves once the entry is on the disk, with its number: one more than the last, and never given again. The
   * bytes may be changed as soon as this returns.
   *
   * @throws {OutboxError} `full`, `too_large`, `disk_full`, `io_failed`, `damaged`, `discarded`, `closed`
   */
  async append(bytes: Uint8Array): Promise<number> {
    const [seq = 0] = await this.#actions.append(this, bytes);
    return seq;
  }

  /**
   * Entries with numbers above `after` that are neither removed, buried nor too old, oldest first. They stay where
   * they are.
   *
   * @throws {OutboxError} `damaged`, `io_failed`, `discarded`, `closed`, and `disk_full` when so much waits to be
   * taken out that to read on would be to deliver it all twice
   */
  read({ after = 0, ...bounds }: ReadBounds & { readonly after?: number }): OutboxEntry[] {
    assertReadBounds(after, bounds);
    return this.#access.look(() =>
      this.#store.read(after, bounds).map(({ seq, at, bytes }) => {
        return { seq, at: this.#access.time.wallAt(at), bytes };
      }),
    );
  }

  /**
   * These are delivered: they are not read again. The next commit takes them out; a process that ends before it reads
   * them again at its next start. On a full disk they wait for room.
   */
  remove(seqs: readonly number[]): void {
    for (const seq of seqs) assertWhole("a sequence number", seq);
    for (const seq of seqs) this.#store.remove(seq, seq);
  }

  /** As `remove`, for all up to this number. */
  removeUpTo(seq: number): void {
    assertWhole("a sequence number", seq, 0);
    this.#store.remove(1, seq);
  }

  /** Moves one that cannot be delivered to the dead letters; otherwise as `remove`. */
  bury(seq: number, reason: string): void {
    assertWhole("a sequence number", seq);
    this.#store.bury(seq, reason);
  }

  /**
   * A short text beside the queue, such as how far its owner has come; `undefined` until one was kept. It goes with the
   * queue.
   *
   * @throws {OutboxError} `closed`, `damaged`, `io_failed`
   */
  get note(): string | undefined {
    return this.#actions.note();
  }

  /**
   * Resolves once it is on the disk, with what was removed and buried before: as much of it as one commit takes out, which
   * is 4,096 entries if nothing else is said.
   *
   * @throws {OutboxError} `too_large`, `too_many`, `disk_full`, `io_failed`, `damaged`, `discarded`, `closed`
   */
  async keepNote(text: string): Promise<void> {
    await this.#actions.keepNote(this, text);
  }

  /** From memory; after `close`, what was last known. */
  status(): QueueStatus {
    const { depth, bytes, appended, removed, refused, dropped, dead } = this.#store.counts;
    const { oldestAt } = this.#store;
    const at = oldestAt === undefined ? undefined : this.#access.time.wallAt(oldestAt);
    return { depth, bytes, oldestAt: at, appended, removed, refused, dropped, dead };
  }

  #readDeadLetters(after: number, bounds: ReadBounds): ReturnType<DeadLetters["read"]> {
    assertReadBounds(after, bounds);
    const { time } = this.#access;
    return this.#access.look(() =>
      this.#store.readDeadLetters(after, bounds).map(({ seq, at, buriedAt, reason, bytes }) => {
        return { seq, at: time.wallAt(at), buriedAt: time.wallAt(buriedAt), reason, bytes };
      }),
    );
  }
}

function assertReadBounds(after: number, { countMax, bytesMax }: ReadBounds): void {
  assertWhole("read: after", after, 0);
  assertWhole("read: countMax", countMax);
  assertWhole("read: bytesMax", bytesMax);
}
