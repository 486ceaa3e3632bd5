import { type Cancel, type Clock, type SayOutcome, SYSTEM_CLOCK } from "../../../index.ts";
import type { SessionEnd } from "../adapter.ts";
import { Retry } from "../retry.ts";
import type { Console, ConsoleEvents, OpenConsole } from "../text-parts.ts";

export interface KeptConsoleOptions {
  readonly clock?: Clock;
  readonly retry?: Retry;
}

/**
 * A console of a game that the node runs itself: it is opened again when it is over, as its end is not to be the end
 * of the game. It is ready once it was there, or cannot be there for a reason that does not pass.
 */
export class KeptConsole implements Console {
  readonly where: string;
  readonly stopMs: number | undefined;
  readonly #console: Console;
  readonly #clock: Clock;
  readonly #retry: Retry;

  constructor(console: Console, options: KeptConsoleOptions = {}) {
    this.where = console.where;
    this.stopMs = console.stopMs;
    this.#console = console;
    this.#clock = options.clock ?? SYSTEM_CLOCK;
    this.#retry = options.retry ?? new Retry();
  }

  open(events: ConsoleEvents): OpenConsole {
    const session = { console: this.#console, clock: this.#clock, retry: this.#retry, events };
    return new KeptSession(session);
  }
}

interface KeptSessionOptions {
  readonly console: Console;
  readonly clock: Clock;
  readonly retry: Retry;
  readonly events: ConsoleEvents;
}

class KeptSession implements OpenConsole {
  readonly #console: Console;
  readonly #clock: Clock;
  readonly #retry: Retry;
  readonly #events: ConsoleEvents;
  #open: OpenConsole;
  #state: "opening" | "ready" | "closed" = "opening";
  /** `undefined` while it is not there. */
  #upSinceMs: number | undefined;
  #cancelRetry: Cancel = () => undefined;

  constructor({ console, clock, retry, events }: KeptSessionOptions) {
    this.#console = console;
    this.#clock = clock;
    this.#retry = retry;
    this.#events = events;
    this.#open = this.#opened();
  }

  async send(command: string): Promise<SayOutcome> {
    return await this.#open.send(command);
  }

  async close(): Promise<void> {
    this.#state = "closed";
    this.#cancelRetry();
    await this.#open.close();
  }

  #opened(): OpenConsole {
    return this.#console.open({
      onReady: () => {
        this.#upSinceMs = this.#clock.now();
        this.#becomeReady();
      },
      onLine: (line) => {
        if (this.#state === "ready") this.#events.onLine(line);
      },
      onUnread: (what) => {
        if (this.#state !== "closed") this.#events.onUnread(what);
      },
      onOver: (end) => this.#onOver(end),
    });
  }

  #becomeReady(): void {
    if (this.#state !== "opening") return;
    this.#state = "ready";
    this.#events.onReady();
  }

  #onOver(end: SessionEnd): void {
    if (this.#state === "closed") return;
    this.#events.onUnread(end.text);
    // It will not come by waiting, and the game can be heard all the same.
    if (end.kind !== "unreachable") this.#becomeReady();
    const nowMs = this.#clock.now();
    const upForMs = this.#upSinceMs === undefined ? 0 : Math.max(1, nowMs - this.#upSinceMs);
    this.#upSinceMs = undefined;
    // What is left of it, a player of the game perhaps, is not to stay for the wait.
    const closed = this.#open.close();
    const waitMs = this.#retry.after(end, upForMs);
    this.#cancelRetry = this.#clock.after(waitMs, () => void this.#reopen(closed));
  }

  async #reopen(closed: Promise<void>): Promise<void> {
    await closed;
    if (this.#state !== "closed") this.#open = this.#opened();
  }
}
