import { type Cancel, type Clock, type SayOutcome, SYSTEM_CLOCK } from "../../../index.ts";
import type { SessionEnd } from "../adapter.ts";
import { addressText, type Dial, dialTcp, type TcpConnection } from "../tcp-connection.ts";
import { type Console, type ConsoleEvents, LineReader, type OpenConsole } from "../text-parts.ts";
import type { Pattern } from "../text-reading.ts";
import { watchedDial } from "../watched-dial.ts";
import { INPUT_BYTES_MAX, LOGIN_GRACE_MS, READY_TIMEOUT_MS } from "./limits.ts";
import { LineBudget } from "./line-budget.ts";
import { TelnetFilter } from "./telnet-filter.ts";

export interface LineConsoleOptions {
  readonly host: string;
  readonly port: number;
  /** Sent first; `{password}` in them is the password. */
  readonly login: readonly string[];
  /** Stands for `{password}`, and is shown nowhere. */
  readonly password?: string | undefined;
  /** The line after which it is up. Default: once the log-in is sent. */
  readonly ready?: Pattern | undefined;
  /** The line that says, before it is up, that the password is wrong. */
  readonly wrongPassword?: Pattern | undefined;
  /** A line that keeps the connection, and whatever is between, from falling asleep. */
  readonly ping?: { readonly line: string; readonly intervalMs: number } | undefined;
  readonly dial?: Dial;
  readonly clock?: Clock;
}

/** Any console of lines by TCP, with or without telnet. */
export class LineConsole implements Console {
  readonly where: string;
  readonly #options: LineConsoleOptions;

  constructor(options: LineConsoleOptions) {
    this.where = addressText(options.host, options.port);
    this.#options = options;
  }

  open(events: ConsoleEvents): OpenConsole {
    return new LineConnection(this.#options, events);
  }
}

type LineState = "dialling" | "logging_in" | "ready" | "over";

const NEXT_STATES: Readonly<Record<LineState, readonly LineState[]>> = {
  dialling: ["logging_in", "over"],
  logging_in: ["ready", "over"],
  ready: ["over"],
  over: [],
};

class LineConnection implements OpenConsole {
  readonly #options: LineConsoleOptions;
  readonly #where: string;
  readonly #events: ConsoleEvents;
  readonly #clock: Clock;
  readonly #abort = new AbortController();
  readonly #telnet: TelnetFilter;
  readonly #lines: LineReader;
  readonly #budget: LineBudget;
  readonly #gone: Promise<void>;
  #connection: TcpConnection | undefined;
  #state: LineState = "dialling";
  #cancelTimer: Cancel = () => undefined;

  constructor(options: LineConsoleOptions, events: ConsoleEvents) {
    this.#options = options;
    this.#where = addressText(options.host, options.port);
    this.#events = events;
    this.#clock = options.clock ?? SYSTEM_CLOCK;
    this.#telnet = new TelnetFilter((bytes) => this.#connection?.write(bytes));
    this.#budget = new LineBudget({
      clock: this.#clock,
      onSkipped: (lines) => {
        if (this.#state === "ready") {
          events.onUnread(`${lines} lines of ${this.#where} were skipped: they came too fast`);
        }
      },
    });
    this.#lines = new LineReader((line) => {
      if (this.#budget.takeLine()) this.#onLine(this.#withoutPassword(line));
    });
    const { dial, gone } = watchedDial(options.dial ?? dialTcp);
    this.#gone = gone;
    void this.#connect(dial);
  }

  async send(command: string): Promise<SayOutcome> {
    if (this.#state !== "ready") return "down";
    return this.#write(command) ? "sent" : "queue_full";
  }

  async close(): Promise<void> {
    if (!this.#isOver()) this.#enter("over");
    await this.#gone;
  }

  async #connect(dial: Dial): Promise<void> {
    const { host, port } = this.#options;
    const { signal } = this.#abort;
    try {
      await dial(
        { host, port, timeoutMs: READY_TIMEOUT_MS, queueBytesMax: INPUT_BYTES_MAX, signal },
        {
          onOpen: (connection) => this.#onOpen(connection),
          onData: (chunk) => this.#onData(chunk),
          onDrain: () => undefined,
          onClosed: () => this.#onClosed(),
        },
      );
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      const text = `cannot connect to ${this.#where} (${why}): see that the game runs, and that host and port are those of its console`;
      this.#end({ kind: "unreachable", text });
    }
  }

  #onOpen(connection: TcpConnection): void {
    if (this.#isOver()) {
      connection.close();
      return;
    }
    this.#connection = connection;
    this.#enter("logging_in");
    const { login, password = "", ready, wrongPassword } = this.#options;
    for (const line of login) this.#write(line.replaceAll("{password}", () => password));
    if (ready !== undefined) this.#after(READY_TIMEOUT_MS, () => this.#onNotReady());
    else if (wrongPassword !== undefined) this.#after(LOGIN_GRACE_MS, () => this.#onReady());
    // No part calls back before `open` has returned, and a dial may be as fast as that.
    else queueMicrotask(() => this.#onReady());
  }

  #onData(chunk: Uint8Array): void {
    if (!this.#isOver()) this.#lines.push(this.#telnet.take(chunk));
  }

  #onLine(line: string): void {
    if (this.#state === "ready") this.#events.onLine(line);
    else if (this.#state === "logging_in") this.#onLoginLine(line);
  }

  #onLoginLine(line: string): void {
    const { ready, wrongPassword } = this.#options;
    if (wrongPassword?.match(line) !== undefined) {
      const text = `${this.#where} did not take the password: see password and login`;
      this.#end({ kind: "wrong_password", text });
    } else if (ready?.match(line) !== undefined) this.#onReady();
  }

  #onReady(): void {
    if (this.#state !== "logging_in") return;
    this.#enter("ready");
    this.#events.onReady();
    this.#pingLater();
  }

  #onNotReady(): void {
    const text = `${this.#where} did not say within ${READY_TIMEOUT_MS} ms what ready waits for: see login and ready`;
    this.#end({ kind: "failed", text });
  }

  #pingLater(): void {
    const { ping } = this.#options;
    if (ping === undefined || this.#isOver()) return;
    this.#after(ping.intervalMs, () => {
      this.#write(ping.line);
      this.#pingLater();
    });
  }

  #onClosed(): void {
    if (this.#isOver()) return;
    if (this.#state === "ready") this.#lines.end();
    const wasReady = this.#state === "ready";
    const text = wasReady
      ? `${this.#where} closed the connection: the game stopped, or ended the session`
      : `${this.#where} closed the connection during the log-in: see login and password`;
    this.#end({ kind: wasReady ? "lost" : "failed", text });
  }

  /** Servers with an echo would show it in what is told of a line. */
  #withoutPassword(line: string): string {
    const { password = "" } = this.#options;
    return password === "" ? line : line.replaceAll(password, "***");
  }

  #write(line: string): boolean {
    return this.#connection?.write(Buffer.from(`${line}\n`)) ?? false;
  }

  #after(delayMs: number, task: () => void): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#clock.after(delayMs, task);
  }

  #end(end: SessionEnd): void {
    if (this.#isOver()) return;
    this.#enter("over");
    this.#events.onOver(end);
  }

  #enter(state: LineState): void {
    if (!NEXT_STATES[this.#state].includes(state)) {
      throw new Error(`a line cannot go from ${this.#state} to ${state}`);
    }
    this.#state = state;
    this.#cancelTimer();
    if (state !== "over") return;
    this.#abort.abort();
    this.#budget.stop();
    this.#connection?.close();
  }

  // A method, because the compiler does not expect it to be closed meanwhile.
  #isOver(): boolean {
    return this.#state === "over";
  }
}
