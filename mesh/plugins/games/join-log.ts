import type { Cancel, Clock, Logger } from "../../index.ts";
import type { SessionEnd } from "./adapter.ts";
import { TROUBLE_LOGGED_EVERY_MS, TROUBLES_MAX } from "./limits.ts";
import { SETTLED_MS } from "./retry.ts";

export interface JoinLogOptions {
  readonly where: string;
  readonly log: Logger;
  readonly clock: Clock & { now(): number };
}

const AGAIN = "tried again until it is there";

/** What the log says of a game that comes and goes, and not again and again of one that does nothing else. */
export class JoinLog {
  readonly #options: JoinLogOptions;
  /** When each trouble was told; the one that was told longest ago first. */
  readonly #toldAtMs = new Map<string, number>();
  /** The last session was over as soon as it was up: the next is news only once it holds. */
  #isFlapping = false;
  #cancel: Cancel = () => {};

  constructor(options: JoinLogOptions) {
    this.#options = options;
  }

  joined(map: string | undefined, players: number): void {
    const { where, log, clock } = this.#options;
    const tell = (): void => log.info("game joined", { where, map, players });
    if (this.#isFlapping) this.#cancel = clock.after(SETTLED_MS, tell);
    else tell();
  }

  /** After a session that was up for so long, 0 if it never was. */
  notJoined({ kind, text }: SessionEnd, upForMs: number, waitMs: number): void {
    const { log, clock } = this.#options;
    this.#cancel();
    if (upForMs > 0) this.#isFlapping = upForMs < SETTLED_MS;
    if (upForMs >= SETTLED_MS) this.#toldAtMs.clear();
    if (!this.#isNews(text, clock.now())) return;
    const next =
      kind === "wrong_password"
        ? `tried again in ${durationText(waitMs)} and then ever later, or at once after SIGHUP with another password`
        : AGAIN;
    log.warn(`game not joined: ${text}; ${next}`);
  }

  /** While its console is opened again and again. One that refuses is there: the game is joined once it is heard. */
  notYetJoined({ kind, text }: SessionEnd): void {
    const { log, clock } = this.#options;
    if (kind === "wrong_password" || kind === "failed" || !this.#isNews(text, clock.now())) return;
    log.warn(`game not joined: ${text}; ${AGAIN}`);
  }

  /** While the game is heard. */
  notSpokenTo({ kind, text }: SessionEnd): void {
    const { log, clock } = this.#options;
    if (!this.#isNews(`console ${text}`, clock.now())) return;
    const next =
      kind === "wrong_password"
        ? "tried ever later, or at once after SIGHUP with another password"
        : AGAIN;
    log.warn(`game heard, but not spoken to: ${text}; ${next}`);
  }

  #isNews(text: string, nowMs: number): boolean {
    const toldAtMs = this.#toldAtMs.get(text);
    if (toldAtMs !== undefined && nowMs - toldAtMs < TROUBLE_LOGGED_EVERY_MS) return false;
    this.#toldAtMs.delete(text);
    const [first] = this.#toldAtMs.keys();
    if (first !== undefined && this.#toldAtMs.size >= TROUBLES_MAX) this.#toldAtMs.delete(first);
    this.#toldAtMs.set(text, nowMs);
    return true;
  }

  /** Says nothing any more. */
  stop(): void {
    this.#cancel();
  }
}

function durationText(ms: number): string {
  return ms < 60_000 ? `${Math.round(ms / 1000)} s` : `${Math.round(ms / 60_000)} min`;
}
