import { type Clock, type SayOutcome, SYSTEM_CLOCK } from "../../../index.ts";
import type { SessionEnd } from "../adapter.ts";
import type { Console, ConsoleEvents, OpenConsole } from "../text-parts.ts";
import { Child, stopMsMax } from "./child.ts";
import { STOP_TIMEOUT_MS } from "./limits.ts";

export interface ChildConsoleOptions {
  /** The program and what it is given. */
  readonly words: readonly [string, ...string[]];
  /** Where it runs. Default: where the node does. */
  readonly folder?: string | undefined;
  /** A line that asks it to end. Default: it gets SIGTERM at once. */
  readonly stopCommand?: string | undefined;
  /** For each way of asking it to end. Default: 10 s. */
  readonly stopTimeoutMs?: number | undefined;
  readonly clock?: Clock;
}

/** A game that the node starts: what it prints is read, and it reads commands from its standard input. */
export class ChildConsole implements Console {
  readonly endsWithGame = true;
  readonly where: string;
  readonly stopMs: number;
  readonly #options: ChildConsoleOptions;

  constructor(options: ChildConsoleOptions) {
    // The rest of the words may have passwords among them.
    this.where = options.words[0];
    this.stopMs = stopMsMax(options.stopTimeoutMs ?? STOP_TIMEOUT_MS);
    this.#options = options;
  }

  open(events: ConsoleEvents): OpenConsole {
    return new RunningGame(this.#options, events);
  }
}

class RunningGame implements OpenConsole {
  readonly #where: string;
  readonly #events: ConsoleEvents;
  #child: Child | undefined;
  #state: "starting" | "ready" | "over" = "starting";

  constructor(options: ChildConsoleOptions, events: ConsoleEvents) {
    this.#where = options.words[0];
    this.#events = events;
    // No part calls back before `open` has returned.
    queueMicrotask(() => this.#start(options));
  }

  async send(command: string): Promise<SayOutcome> {
    return this.#state === "ready" ? (this.#child?.write(command) ?? "down") : "down";
  }

  async close(): Promise<void> {
    this.#state = "over";
    await this.#child?.stop();
  }

  #start({ clock = SYSTEM_CLOCK, stopTimeoutMs = STOP_TIMEOUT_MS, ...rest }: ChildConsoleOptions) {
    if (this.#isOver()) return;
    try {
      this.#child = new Child(
        { ...rest, clock, stopTimeoutMs },
        {
          onLine: (line) => {
            if (!this.#isOver()) this.#events.onLine(line);
          },
          onUnread: (what) => {
            if (!this.#isOver()) this.#events.onUnread(`${this.#where}: ${what}`);
          },
          onEnded: (how) => this.#end({ kind: "lost", text: `${this.#where} ended ${how}` }),
        },
      );
    } catch (cause) {
      this.#end(cannotStart(this.#where, rest.folder, cause));
      return;
    }
    this.#state = "ready";
    this.#events.onReady();
  }

  #end(end: SessionEnd): void {
    if (this.#isOver()) return;
    this.#state = "over";
    this.#events.onOver(end);
  }

  // A method, because the compiler does not expect it to be closed meanwhile.
  #isOver(): boolean {
    return this.#state === "over";
  }
}

export function cannotStart(
  program: string,
  folder: string | undefined,
  cause: unknown,
): SessionEnd {
  const code = typeof cause === "object" && cause !== null && "code" in cause ? cause.code : cause;
  const where = folder === undefined ? "" : ` in ${folder}`;
  const text = `${program} cannot be started${where} (${String(code)}): see that it is there, that this user may run it, and that the folder is there`;
  return { kind: "failed", text };
}
