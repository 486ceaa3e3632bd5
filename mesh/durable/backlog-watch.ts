/** Warns of what waits for long: somebody should look why. */

import type { Cancel, Clock } from "../clock.ts";
import type { Logger } from "../log.ts";
import type { NamedQueue } from "../outbox/outbox.ts";
import { BACKLOG_LOGGED_EVERY_MS, BACKLOG_LOOK_MS, BACKLOG_OLD_MS } from "./limits.ts";

export interface BacklogWatchOptions {
  readonly queues: () => readonly NamedQueue[];
  readonly log: Logger;
  readonly clock: Clock;
  /** Milliseconds since 1970. Replaced by tests alone. */
  readonly date?: () => number;
}

export class BacklogWatch {
  readonly #options: BacklogWatchOptions;
  /** By queue: when it was last told of. */
  #toldAtMs = new Map<string, number>();
  #cancel: Cancel = () => {};

  constructor(options: BacklogWatchOptions) {
    this.#options = options;
    this.#wait();
  }

  stop(): void {
    this.#cancel();
  }

  #wait(): void {
    this.#cancel = this.#options.clock.after(BACKLOG_LOOK_MS, () => {
      this.#look();
      this.#wait();
    });
  }

  #look(): void {
    const { queues, log, clock, date = Date.now } = this.#options;
    const told = new Map<string, number>();
    for (const { name, depth, oldestAt, dead, dropped } of queues()) {
      const ageMs = oldestAt === undefined ? 0 : date() - oldestAt;
      if (ageMs < BACKLOG_OLD_MS) continue;
      const lastMs = this.#toldAtMs.get(name) ?? Number.NEGATIVE_INFINITY;
      const isDue = clock.now() - lastMs >= BACKLOG_LOGGED_EVERY_MS;
      told.set(name, isDue ? clock.now() : lastMs);
      if (!isDue) continue;
      const minutes = Math.floor(ageMs / 60_000);
      log.warn("what waits to be delivered grows old; is its receiver there?", {
        queue: name,
        depth,
        oldestMinutes: minutes,
        dead,
        dropped,
      });
    }
    this.#toldAtMs = told;
  }
}
