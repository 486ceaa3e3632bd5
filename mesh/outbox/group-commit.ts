import type { Cancel, Clock } from "../clock.ts";
import type { DiskReserve } from "./disk-reserve.ts";
import { CommitPace } from "./commit-pace.ts";
import { FREE_PAGES_MAX, FREE_PAGES_STEP, type OutboxLimits } from "./limits.ts";
import type { OutboxError } from "./outbox-error.ts";
import type { OutboxFile } from "./outbox-file.ts";
import { diskFull, outboxError } from "./sqlite-failure.ts";

/** What somebody asked for and waits for. Exactly one of `committed` and `failed` is called. */
export interface Job {
  /** What it holds in memory. */
  readonly bytes: number;
  /** Within the transaction. Answers why it cannot be done, having written nothing. */
  run(): OutboxError | undefined;
  committed(): void;
  failed(error: OutboxError): void;
}

/**
 * `later`: with the next commit, or when the upkeep comes to it. `now`: at once. `background`: at once, too, but left to
 * the next start where the file is closed.
 */
export type Work = "none" | "later" | "now" | "background";

/** Who writes something of its own with each commit. */
export interface Party {
  readonly work: Work;
  /** Within the transaction, before the jobs. */
  begin(): void;
  /** Within the transaction, after the jobs; `isFull` for what could wait, too. */
  end(isFull: boolean): void;
  committed(): void;
  rolledBack(): void;
}

export interface GroupCommitOptions {
  readonly file: OutboxFile;
  readonly reserve: DiskReserve;
  readonly clock: Clock;
  readonly limits: Pick<OutboxLimits, "batchEntriesMax" | "batchBytesMax">;
  readonly parties: ReadonlySet<Party>;
}

/**
 * Puts what is asked for in one turn of the event loop into one transaction. On a full disk only the parties still
 * write, to take out what is no longer needed, until there is room again.
 */
export class GroupCommit {
  readonly #file: OutboxFile;
  readonly #reserve: DiskReserve;
  readonly #clock: Clock;
  readonly #limits: GroupCommitOptions["limits"];
  readonly #parties: ReadonlySet<Party>;
  readonly #pace: CommitPace;
  #state: "open" | "out_of_room" | "closed";
  #jobs: Job[] = [];
  #bytes = 0;
  #waiters: PromiseWithResolvers<void>[] = [];
  #cancelNext: Cancel | undefined;
  #failure: OutboxError | undefined;

  constructor({ file, reserve, clock, limits, parties }: GroupCommitOptions) {
    this.#file = file;
    this.#reserve = reserve;
    this.#clock = clock;
    this.#limits = limits;
    this.#parties = parties;
    this.#pace = new CommitPace(clock);
    this.#state = reserve.take() ? "open" : "out_of_room";
  }

  /** Why nothing can be appended now, or what the last commit failed with. */
  get failure(): OutboxError | undefined {
    return this.#state === "out_of_room" ? diskFull(this.#file.path) : this.#failure;
  }

  /** Commits at once if too much waits already. */
  add(job: Job): void {
    this.#jobs.push(job);
    this.#bytes += job.bytes;
    const { batchEntriesMax, batchBytesMax } = this.#limits;
    if (this.#jobs.length >= batchEntriesMax || this.#bytes >= batchBytesMax) this.#commitAll();
    else this.wake();
  }

  /** There is something to commit. */
  wake(): void {
    if (this.#cancelNext !== undefined || this.#state === "closed") return;
    const { pauseMs } = this.#pace;
    if (pauseMs > 0) {
      this.#cancelNext = this.#clock.after(pauseMs, () => this.#commitAll());
      return;
    }
    const next = setImmediate(() => this.#commitAll());
    this.#cancelNext = () => clearImmediate(next);
  }

  /** Writes at once what would be written soon. */
  commit(): void {
    this.#commitAll();
  }

  /** Resolves once all that was asked for, and the work of every party, is on the disk. */
  async flush(): Promise<void> {
    const waiter = Promise.withResolvers<void>();
    this.#waiters.push(waiter);
    this.wake();
    await waiter.promise;
  }

  /** Now and then: writes what could wait, gives room back, and looks for room on a full disk. */
  upkeep(): void {
    if (this.#state === "closed") return;
    this.#shrink();
    if (this.#state === "out_of_room" && this.#reserve.take()) this.#state = "open";
    if (this.#hasWork("later", "now", "background")) this.#commitAll(true);
  }

  /** Writes what waits and cannot wait for the next start. Answers why that failed. */
  close(): OutboxError | undefined {
    do this.#commitAll(true);
    while (this.#failure === undefined && this.#hasWork("now"));
    this.#state = "closed";
    // What is left is for the next start.
    this.#cancelNext?.();
    this.#answerWaiters();
    return this.#failure;
  }

  #commitAll(isFull = this.#waiters.length > 0): void {
    this.#cancelNext?.();
    this.#cancelNext = undefined;
    const jobs = this.#jobs;
    this.#jobs = [];
    this.#bytes = 0;
    if (this.#state === "out_of_room") this.#refuse(jobs);
    this.#failure = this.#commit(this.#state === "open" ? jobs : [], isFull);
    if (this.#failure?.code === "disk_full") this.#makeRoom(isFull);
    if (this.#failure === undefined && this.#hasWork("now", "background")) this.wake();
    else this.#answerWaiters();
  }

  #refuse(jobs: readonly Job[]): void {
    const error = diskFull(this.#file.path);
    for (const job of jobs) job.failed(error);
  }

  /** What is taken out is written by itself: it needs less room, and makes some. */
  #makeRoom(isFull: boolean): void {
    this.#state = "out_of_room";
    this.#reserve.giveUp();
    this.#attempt(() => this.#file.checkpoint());
    this.#failure = this.#commit([], isFull);
  }

  /** Answers why nothing of it was written. */
  #commit(jobs: readonly Job[], isFull: boolean): OutboxError | undefined {
    const refusals = new Map<Job, OutboxError>();
    try {
      this.#pace.measure(() => this.#file.transact(() => this.#write(jobs, refusals, isFull)));
    } catch (cause) {
      const error = outboxError(cause, this.#file.path);
      for (const party of this.#parties) party.rolledBack();
      for (const job of jobs) job.failed(error);
      return error;
    }
    for (const party of this.#parties) party.committed();
    for (const job of jobs) {
      const refusal = refusals.get(job);
      if (refusal === undefined) job.committed();
      else job.failed(refusal);
    }
    return undefined;
  }

  #write(jobs: readonly Job[], refusals: Map<Job, OutboxError>, isFull: boolean): void {
    for (const party of this.#parties) party.begin();
    for (const job of jobs) {
      const refusal = job.run();
      if (refusal !== undefined) refusals.set(job, refusal);
    }
    for (const party of this.#parties) party.end(isFull);
  }

  #shrink(): void {
    const pagesMax = this.#state === "out_of_room" ? 0 : FREE_PAGES_MAX;
    this.#attempt(() => {
      const pages = Math.min(this.#file.freePages - pagesMax, FREE_PAGES_STEP);
      if (pages <= 0) return;
      this.#file.shrink(pages);
      // Only then is the file itself shorter.
      this.#file.checkpoint();
    });
  }

  /** What may fail without harm, and is tried again. */
  #attempt(work: () => void): void {
    try {
      work();
    } catch (cause) {
      this.#failure ??= outboxError(cause, this.#file.path);
    }
  }

  #answerWaiters(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) {
      if (this.#failure === undefined) waiter.resolve();
      else waiter.reject(this.#failure);
    }
  }

  #hasWork(...kinds: readonly Work[]): boolean {
    return [...this.#parties].some(({ work }) => kinds.includes(work));
  }
}
