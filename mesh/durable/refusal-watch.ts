/** Tells when what is published cannot be kept, and when it can be again: who published it may tell nobody. */

import type { Cancel, Clock } from "../clock.ts";
import type { Logger } from "../log.ts";
import { OutboxError, type OutboxErrorCode } from "../outbox/outbox-error.ts";
import { QUIET_LOOKS_MAX, REFUSALS_LOGGED_EVERY_MS, REFUSALS_LOOK_MS } from "./limits.ts";

export interface RefusalWatchOptions {
  readonly log: Logger;
  readonly clock: Clock;
}

interface Trouble {
  toldAtMs: number;
  /** Since it was told. */
  refused: number;
  /** Since the last refusal. */
  looks: number;
  /** Since the last look. */
  isTaking: boolean;
}

const DISK_CODES: ReadonlySet<OutboxErrorCode> = new Set(["disk_full", "io_failed"]);

/** Stands for all queues; none is called so. */
const DISK = "";

export class RefusalWatch {
  readonly #options: RefusalWatchOptions;
  /** By queue. */
  readonly #troubles = new Map<string, Trouble>();
  #cancel: Cancel = () => {};
  #isStopped = false;

  constructor(options: RefusalWatchOptions) {
    this.#options = options;
  }

  /** As `append`, which is one to the queue; without a name, to queues that are never too full. */
  async watch(append: Promise<unknown>, queue: string = DISK): Promise<void> {
    try {
      await append;
    } catch (error) {
      if (error instanceof OutboxError) this.#onRefused(error, queue);
      throw error;
    }
    // Mostly there is none, and much is published.
    if (this.#troubles.size > 0) this.#onKept(queue);
  }

  /** What is refused after that has the end of the node as its reason. */
  stop(): void {
    this.#isStopped = true;
    this.#cancel();
    this.#troubles.clear();
  }

  #onRefused({ code, message }: OutboxError, queue: string): void {
    const isDisk = DISK_CODES.has(code);
    if (this.#isStopped || (!isDisk && code !== "full")) return;
    const { log, clock } = this.#options;
    const nowMs = clock.now();
    const known = this.#troubles.get(isDisk ? DISK : queue);
    const trouble = known ?? { toldAtMs: nowMs, refused: 0, looks: 0, isTaking: false };
    if (this.#troubles.size === 0) this.#wait();
    this.#troubles.set(isDisk ? DISK : queue, trouble);
    trouble.looks = 0;
    trouble.refused += 1;
    if (known !== undefined && nowMs - trouble.toldAtMs < REFUSALS_LOGGED_EVERY_MS) return;
    log.warn(`what is published is refused: ${message}`, { refused: trouble.refused });
    trouble.toldAtMs = nowMs;
    trouble.refused = 0;
  }

  #onKept(queue: string): void {
    for (const name of [DISK, queue]) {
      const trouble = this.#troubles.get(name);
      if (trouble !== undefined) trouble.isTaking = true;
    }
  }

  #wait(): void {
    this.#cancel = this.#options.clock.after(REFUSALS_LOOK_MS, () => this.#look());
  }

  /**
   * A queue that is full takes one whenever one leaves it, and refuses the next. Of one whose topic has fallen silent, or
   * that is gone, nothing more is heard.
   */
  #look(): void {
    for (const [name, trouble] of this.#troubles) {
      const { looks, isTaking, refused } = trouble;
      trouble.looks += 1;
      trouble.isTaking = false;
      const isOver = looks > 0 && isTaking;
      if (!isOver && looks < QUIET_LOOKS_MAX) continue;
      this.#troubles.delete(name);
      const fields = { ...(name !== DISK && { queue: name }), refused };
      const text = isOver
        ? "what is published is kept again"
        : "nothing more comes of what was refused";
      this.#options.log.info(text, fields);
    }
    if (this.#troubles.size > 0) this.#wait();
  }
}
