/** How long to wait before a game is tried again. */

import { Backoff } from "../../index.ts";
import type { SessionEnd } from "./adapter.ts";

/** A game beside the node costs nothing to try, and players wait for it; a crash loop should not fill the log. */
const SOON = { minMs: 250, maxMs: 5000 } as const;

/**
 * After a refused password. A Source server bans an address after ten of them since its start: the tenth comes here after more
 * than three days. A game that stops just when it is asked may look the same, hence the first. Whoever mends the password before reloads the config, which tries at once.
 */
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const PASSWORD_WAITS_MS: readonly number[] = [
  5000,
  MINUTE_MS,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  4 * HOUR_MS,
  12 * HOUR_MS,
  24 * HOUR_MS,
];

/** A session that lasted so long was a good one. */
export const SETTLED_MS = 10_000;

export class Retry {
  readonly #soon: Backoff;
  #wrongPasswords = 0;

  constructor(random: () => number = Math.random) {
    this.#soon = new Backoff({ ...SOON, random });
  }

  /** The wait in milliseconds after a session that was up for so long, 0 if it never was. */
  after({ kind }: SessionEnd, upForMs: number): number {
    if (upForMs >= SETTLED_MS) this.#soon.reset();
    if (kind === "wrong_password") {
      const last = PASSWORD_WAITS_MS.length - 1;
      const waitMs = PASSWORD_WAITS_MS[Math.min(this.#wrongPasswords, last)] ?? HOUR_MS;
      this.#wrongPasswords += 1;
      return waitMs;
    }
    if (upForMs > 0) this.#wrongPasswords = 0;
    return this.#soon.next();
  }

  /** The next wait is the shortest, except after a refused password. */
  beginAnew(): void {
    this.#soon.reset();
  }
}
