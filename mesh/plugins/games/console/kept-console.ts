import { type Cancel, type Clock, type SayOutcome, SYSTEM_CLOCK } from "../../../index.ts";
import type { SessionEnd } from "../adapter.ts";
import type { Console, ConsoleEvents, OpenConsole } from "../text-parts.ts";
import { REOPEN_MAX_MS, REOPEN_MIN_MS, REOPEN_WRONG_PASSWORD_MS } from "./limits.ts";

/**
 * A console of a game that the node runs itself: it is opened again when it is over, as its end is not to be the end
 * of the game. It is ready once it was there, or cannot be there for a reason that does not pass.
 */
export class KeptConsole implements Console {
  readonly where: string;
  readonly stopMs: number | undefined;
  readonly #console: Console;
  readonly #clock: Clock;

  constructor(console: Console, clock: Clock = SYSTEM_CLOCK) {
    this.where = console.where;
    this.stopMs = console.stopMs;
    this.#console = console;
    this.#clock = clock;
  }

  open(events: ConsoleEvents): OpenConsole {
    return new KeptSession(this.#console, this.#clock, events);
  }
}

class KeptSession implements OpenConsole {
  readonly #console: Console;
  readonly #clock: Clock;
  readonly #events: ConsoleEvents;
  #open: OpenConsole;
  #state: "opening" | "ready" | "closed" = "opening";
  #delayMs = REOPEN_MIN_MS;
  #cancelRetry: Cancel = () => undefined;

  constructor(console: Console, clock: Clock, events: ConsoleEvents) {
    this.#console = console;
    this.#clock = clock;
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
        this.#delayMs = REOPEN_MIN_MS;
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
    const delayMs = end.kind === "wrong_password" ? REOPEN_WRONG_PASSWORD_MS : this.#delayMs;
    this.#delayMs = Math.min(2 * this.#delayMs, REOPEN_MAX_MS);
    this.#cancelRetry = this.#clock.after(delayMs, () => void this.#reopen());
  }

  async #reopen(): Promise<void> {
    await this.#open.close();
    if (this.#state !== "closed") this.#open = this.#opened();
  }
}
