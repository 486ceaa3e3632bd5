import type { Cancel, Clock } from "../clock.ts";
import type { LinkAttempt, LinkConnector } from "../link/peer-link.ts";
import type { DialTarget } from "./dial-target.ts";
import {
  DIALS_AT_ONCE_MAX,
  LEARNED_DIALS_AT_ONCE_MAX,
  LEARNED_DIALS_MAX,
  LEARNED_DIALS_PER_SECOND,
  STOP_TIMEOUT_MS,
} from "./limits.ts";
import { TokenBucket } from "./token-bucket.ts";

export interface DialQueueOptions {
  readonly clock: Clock;
  readonly isLinked: (target: DialTarget) => boolean;
  /** Whether somebody says that the node is there. */
  readonly isListed: (instance: string) => boolean;
}

/** Targets whose time has come, and the attempts that are under way: no more at once, and no faster, than may be. */
export class DialQueue {
  readonly #options: DialQueueOptions;
  readonly #queue = new Set<DialTarget>();
  readonly #attempts = new Map<LinkAttempt, DialTarget>();
  /** What peers name may be anybody's address. */
  readonly #learnedDials: TokenBucket;
  #cancelWait: Cancel | undefined;
  #connector: LinkConnector | undefined;
  #onIdle: (() => void) | undefined;

  constructor(options: DialQueueOptions) {
    this.#options = options;
    this.#learnedDials = new TokenBucket({
      max: LEARNED_DIALS_MAX,
      perSecond: LEARNED_DIALS_PER_SECOND,
      now: () => options.clock.now(),
    });
  }

  start(connector: LinkConnector): void {
    this.#connector = connector;
    this.dial();
  }

  /** Nothing is dialled any more. */
  stop(): void {
    this.#connector = undefined;
    this.#cancelWait?.();
  }

  /** Resolves when the outcome of every attempt has been told, or is not waited for any longer. */
  async untilIdle(): Promise<void> {
    if (this.#attempts.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onIdle = resolve;
    const cancel = this.#options.clock.after(STOP_TIMEOUT_MS, resolve);
    await promise;
    cancel();
  }

  add(target: DialTarget): void {
    target.enter({ name: "queued" });
    this.#queue.add(target);
    this.dial();
  }

  remove(target: DialTarget): void {
    this.#queue.delete(target);
  }

  targetOf(attempt: LinkAttempt): DialTarget | undefined {
    return this.#attempts.get(attempt);
  }

  /** The outcome of the attempt was told. `dial` is to be called when that was acted on. */
  conclude(attempt: LinkAttempt): DialTarget | undefined {
    const target = this.#attempts.get(attempt);
    this.#attempts.delete(attempt);
    if (this.#attempts.size === 0) this.#onIdle?.();
    return target;
  }

  /** Dials as many as may be. */
  dial(): void {
    const queued = [...this.#queue].toSorted((one, other) => this.#rank(one) - this.#rank(other));
    for (const target of queued) {
      if (this.#connector === undefined || this.#attempts.size >= DIALS_AT_ONCE_MAX) return;
      // What was dialled before may have brought this one to rest.
      if (!this.#queue.has(target)) continue;
      if (target.kind === "learned" && !this.#mayDialLearned(target)) return;
      this.#queue.delete(target);
      const address = target.nextAddress();
      if (this.#options.isLinked(target) || address === undefined) {
        target.enter({ name: "content" });
        continue;
      }
      const abort = new AbortController();
      const attempt = this.#connector.dial(address, abort.signal);
      this.#attempts.set(attempt, target);
      target.enter({ name: "connecting", attempt, abort });
    }
  }

  /** Seeds first, last those of which nobody says that they are there. */
  #rank({ kind, instance }: DialTarget): number {
    if (kind === "seed") return 0;
    return instance !== undefined && this.#options.isListed(instance) ? 1 : 2;
  }

  /** If it is too early, it is looked at again when it is not. */
  #mayDialLearned(target: DialTarget): boolean {
    if (this.#options.isLinked(target)) return true;
    const learned = [...this.#attempts.values()].filter(({ kind }) => kind === "learned");
    if (learned.length >= LEARNED_DIALS_AT_ONCE_MAX) return false;
    if (this.#learnedDials.take()) return true;
    this.#cancelWait?.();
    const { waitMs } = this.#learnedDials;
    this.#cancelWait = this.#options.clock.after(waitMs, () => this.dial());
    return false;
  }
}
