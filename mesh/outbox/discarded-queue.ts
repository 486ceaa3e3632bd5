import type { EntryTable } from "./entry-table.ts";
import type { Party, Work } from "./group-commit.ts";
import type { QueueContext } from "./queue-store.ts";

export interface DiscardedQueueOptions {
  readonly id: number;
  readonly table: EntryTable;
  readonly context: Omit<QueueContext, "commits" | "time">;
  /** Nothing of it is left. */
  readonly onGone: (queue: DiscardedQueue) => void;
}

/** What is left on the disk of a queue that nobody wants: it goes a part at a time, and is no longer named. The next start goes on. */
export class DiscardedQueue implements Party {
  readonly #id: number;
  readonly #table: EntryTable;
  readonly #context: DiscardedQueueOptions["context"];
  readonly #onGone: (queue: DiscardedQueue) => void;
  #state: "left" | "emptied" | "gone" = "left";

  constructor({ id, table, context, onGone }: DiscardedQueueOptions) {
    this.#id = id;
    this.#table = table;
    this.#context = context;
    this.#onGone = onGone;
  }

  get work(): Work {
    return this.#state === "gone" ? "none" : "background";
  }

  begin(): void {
    const countMax = this.#context.limits.removalsPerCommitMax;
    const { entries } = this.#table.take({ from: 1, to: Number.MAX_SAFE_INTEGER }, countMax);
    if (entries === countMax) return;
    this.#context.deadLetters.clear(this.#id);
    this.#table.drop();
    this.#context.queues.delete(this.#id);
    this.#state = "emptied";
  }

  end(): void {}

  committed(): void {
    if (this.#state !== "emptied") return;
    this.#state = "gone";
    this.#table.close();
    this.#onGone(this);
  }

  rolledBack(): void {
    this.#state = "left";
  }
}
