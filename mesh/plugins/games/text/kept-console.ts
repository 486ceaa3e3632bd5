import { type Cancel, type Clock, type SayOutcome, SYSTEM_CLOCK } from "../../../index.ts";
import type { SessionEnd } from "../adapter.ts";
import { Retry } from "../retry.ts";
import type { Console, ConsoleEvents, OpenConsole } from "./parts.ts";

export interface KeptConsoleOptions {
  /** Where nobody is there, the game is gone, and the console over. Default: no, as another part tells of its end. */
  readonly tellsOfGame?: boolean;
  readonly clock?: Clock | undefined;
  readonly retry?: Retry;
}

/**
 * A console of a game that is heard elsewhere: it is opened again when it is over, as its end is not to be the end of
 * what is heard. It is ready once it was there, or cannot be there for a reason that does not pass.
 */
export class KeptConsole implements Console {
  readonly where: string;
  readonly stopMs: number | undefined;
  readonly #kept: Kept;

  constructor(console: Console, options: KeptConsoleOptions = {}) {
    const { tellsOfGame = false, clock = SYSTEM_CLOCK, retry = new Retry() } = options;
    this.where = console.where;
    this.stopMs = console.stopMs;
    this.#kept = { console, tellsOfGame, clock, retry, refusal: undefined };
  }

  open(events: ConsoleEvents): OpenConsole {
    return new KeptSession(this.#kept, events);
  }
}

/** What one life of it leaves to the next. */
interface Kept {
  readonly console: Console;
  readonly tellsOfGame: boolean;
  readonly clock: Clock;
  readonly retry: Retry;
  /** A refused password is not tried sooner because the game has been away. */
  refusal: { readonly end: SessionEnd; readonly untilMs: number } | undefined;
}

type KeptState = "opening" | "ready" | "over";

class KeptSession implements OpenConsole {
  readonly #kept: Kept;
  readonly #events: ConsoleEvents;
  #open: OpenConsole | undefined;
  #state: KeptState = "opening";
  /** `undefined` while it is not there. */
  #upSinceMs: number | undefined;
  #cancelRetry: Cancel = () => undefined;
  /** What has not come back since. */
  #lost: SessionEnd | undefined;

  constructor(kept: Kept, events: ConsoleEvents) {
    this.#kept = kept;
    this.#events = events;
    const { refusal, clock } = kept;
    const waitMs = refusal === undefined ? 0 : refusal.untilMs - clock.now();
    if (refusal === undefined || waitMs <= 0) this.#open = this.#opened();
    // No part calls back before `open` has returned.
    else queueMicrotask(() => this.#wait(refusal.end, waitMs));
  }

  async send(command: string): Promise<SayOutcome> {
    return (await this.#open?.send(command)) ?? "down";
  }

  async close(): Promise<void> {
    this.#enter("over");
    await this.#open?.close();
  }

  #opened(): OpenConsole {
    return this.#kept.console.open({
      onReady: () => this.#onReady(),
      onLine: (line) => {
        if (this.#state === "ready") this.#events.onLine(line);
      },
      onUnread: (what) => {
        if (!this.#isOver()) this.#events.onUnread(what);
      },
      onTrouble: (end) => {
        if (!this.#isOver()) this.#events.onTrouble(end);
      },
      onOver: (end) => this.#onOver(end),
    });
  }

  #onReady(): void {
    if (this.#isOver()) return;
    this.#kept.refusal = undefined;
    this.#upSinceMs = this.#kept.clock.now();
    this.#isThere();
    this.#events.onTrouble(undefined);
  }

  #onOver(end: SessionEnd): void {
    if (this.#isOver()) return;
    const { clock, retry, tellsOfGame } = this.#kept;
    if (tellsOfGame && end.kind === "unreachable") {
      this.#onGameGone(end);
      return;
    }
    const nowMs = clock.now();
    const upForMs = this.#upSinceMs === undefined ? 0 : Math.max(1, nowMs - this.#upSinceMs);
    this.#upSinceMs = undefined;
    const waitMs = retry.after(end, upForMs);
    const isRefused = end.kind === "wrong_password";
    this.#kept.refusal = isRefused ? { end, untilMs: nowMs + waitMs } : undefined;
    this.#wait(end, waitMs);
  }

  /** When the game is tried again is another's affair. A loss after that is looked into as soon as the first was. */
  #onGameGone(end: SessionEnd): void {
    this.#kept.refusal = undefined;
    this.#kept.retry.beginAnew();
    this.#end(this.#state === "opening" ? end : { kind: "lost", text: (this.#lost ?? end).text });
  }

  #wait(end: SessionEnd, waitMs: number): void {
    if (this.#isOver()) return;
    // Whoever answers is there, and the game can be heard all the same.
    if (end.kind === "wrong_password" || end.kind === "failed") this.#isThere();
    else this.#lost ??= end;
    this.#events.onTrouble(end);
    // What is left of it, a player of the game perhaps, is not to stay for the wait.
    const closed = this.#open?.close();
    this.#cancelRetry = this.#kept.clock.after(waitMs, () => void this.#reopen(closed));
  }

  #isThere(): void {
    this.#lost = undefined;
    if (this.#state !== "opening") return;
    this.#enter("ready");
    this.#events.onReady();
  }

  async #reopen(closed: Promise<void> | undefined): Promise<void> {
    await closed;
    if (!this.#isOver()) this.#open = this.#opened();
  }

  #end(end: SessionEnd): void {
    if (this.#isOver()) return;
    this.#enter("over");
    this.#events.onOver(end);
  }

  #enter(state: KeptState): void {
    this.#state = state;
    if (state === "over") this.#cancelRetry();
  }

  // A method, because the compiler does not expect it to be over meanwhile.
  #isOver(): boolean {
    return this.#state === "over";
  }
}
