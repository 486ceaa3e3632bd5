import type { GroupCommit, Job } from "./group-commit.ts";
import { OutboxError } from "./outbox-error.ts";
import type { OutboxTime } from "./outbox-time.ts";
import { outboxError } from "./sqlite-failure.ts";

export interface StoreAccessOptions {
  readonly path: string;
  readonly commits: GroupCommit;
  readonly time: OutboxTime;
}

/** The way to the file, while it is open. */
export class StoreAccess {
  readonly time: OutboxTime;
  readonly #path: string;
  readonly #commits: GroupCommit;
  #state: "open" | "closed" = "open";

  constructor({ path, commits, time }: StoreAccessOptions) {
    this.#path = path;
    this.#commits = commits;
    this.time = time;
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  close(): void {
    this.#state = "closed";
  }

  /** @throws {OutboxError} `closed`, and what reading fails with */
  look<Answer>(read: () => Answer): Answer {
    this.assertOpen();
    try {
      return read();
    } catch (cause) {
      throw outboxError(cause, this.#path);
    }
  }

  /** Resolves once it is on the disk. */
  async ask<Answer>(job: Job & { readonly promise: Promise<Answer> }): Promise<Answer> {
    this.assertOpen();
    this.#commits.add(job);
    return await job.promise;
  }

  /** @throws {OutboxError} `closed` */
  assertOpen(): void {
    if (this.#state === "open") return;
    throw new OutboxError("closed", `${this.#path} was closed: the node stops, or has stopped`);
  }
}
