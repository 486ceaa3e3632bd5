import { type Cancel, type Clock, oneLine, type SayOutcome, SYSTEM_CLOCK } from "../../../index.ts";
import type { SessionEnd } from "../adapter.ts";
import { addressText } from "../tcp-connection.ts";
import type { Console, ConsoleEvents, OpenConsole } from "../text-parts.ts";
import { toAscii } from "../text-reading.ts";
import { Child, stopMsMax } from "./child.ts";
import { cannotStart } from "./child-process.ts";
import {
  BZADMIN_ECHO_TIMEOUT_MS,
  BZADMIN_LINE_BYTES_MAX,
  BZADMIN_LINES_MAX,
  BZADMIN_PROBE_TIMEOUT_MS,
  BZADMIN_SILENCE_MS,
  READY_TIMEOUT_MS,
  SHOWN_CHARS_MAX,
  STOP_TIMEOUT_MS,
} from "./limits.ts";

export interface BzadminConsoleOptions {
  readonly host: string;
  readonly port: number;
  /** Letters, digits and `_`, `.`, `-`: what bzadmin could take for an address or a password is none. */
  readonly nick: string;
  /** The server's `-passwd`, with which lines are the server's own. */
  readonly password?: string | undefined;
  /** Default: the one on this machine. */
  readonly program?: string;
  readonly clock?: Clock;
}

/** Debian puts games where few paths lead. */
function bzadmin(): string {
  return Bun.which("bzadmin") ?? "/usr/games/bzadmin";
}

/**
 * bzadmin, the game's own client for terminals. It reads one byte whenever a message of the server's has come, or
 * a tenth of a second has gone by: so before each line the server is asked for the list of its commands, whose many
 * messages let the line through at once.
 */
const HURRY = "/?\n";

/** Answered by two lines. Where nobody is left to hear it, bzadmin dies of the second. */
const PROBE = "/date\n/date";

/** Fewer than the messages of that list, which are 66 on a server without plugins. */
const HURRIED_BYTES = 50;

/** A server of BZFlag, spoken to as an observer of the game. What bzadmin prints are its lines. */
export class BzadminConsole implements Console {
  readonly where: string;
  readonly stopMs: number = stopMsMax(STOP_TIMEOUT_MS);
  readonly #options: BzadminConsoleOptions;

  constructor(options: BzadminConsoleOptions) {
    this.where = addressText(options.host, options.port);
    this.#options = options;
  }

  open(events: ConsoleEvents): OpenConsole {
    return new BzadminSession(this.#options, events);
  }
}

interface Waiting {
  readonly command: string;
  readonly settle: (outcome: SayOutcome) => void;
}

type BzadminState = "starting" | "joining" | "password_sent" | "ready" | "over";

const NEXT_STATES: Readonly<Record<BzadminState, readonly BzadminState[]>> = {
  starting: ["joining", "over"],
  joining: ["password_sent", "ready", "over"],
  password_sent: ["ready", "over"],
  ready: ["over"],
  over: [],
};

class BzadminSession implements OpenConsole {
  readonly #options: BzadminConsoleOptions;
  readonly #events: ConsoleEvents;
  readonly #clock: Clock;
  readonly #queue: Waiting[] = [];
  #child: Child | undefined;
  #state: BzadminState = "starting";
  /** The line that was written, and has not come back. */
  #written: Waiting | undefined;
  #cancelTimer: Cancel = () => undefined;
  #lastLine = "";
  /** Whether anything was printed since the last look. */
  #isAlive = true;
  #cancelLook: Cancel = () => undefined;

  constructor(options: BzadminConsoleOptions, events: ConsoleEvents) {
    this.#options = options;
    this.#events = events;
    this.#clock = options.clock ?? SYSTEM_CLOCK;
    // No part calls back before `open` has returned.
    queueMicrotask(() => this.#start());
  }

  async send(command: string): Promise<SayOutcome> {
    if (this.#state !== "ready") return "down";
    if (this.#queue.length >= BZADMIN_LINES_MAX) return "queue_full";
    const { promise, resolve } = Promise.withResolvers<SayOutcome>();
    // Anything but ASCII has the server throw out who says it.
    const ascii = toAscii(command).slice(0, BZADMIN_LINE_BYTES_MAX);
    this.#queue.push({ command: ascii, settle: resolve });
    this.#next();
    return await promise;
  }

  async close(): Promise<void> {
    if (!this.#isOver()) this.#enter("over");
    await this.#child?.stop();
  }

  get #where(): string {
    return addressText(this.#options.host, this.#options.port);
  }

  #start(): void {
    if (this.#isOver()) return;
    const { nick, program = bzadmin() } = this.#options;
    this.#enter("joining");
    try {
      this.#child = new Child(
        {
          words: [program, "-ui", "stdboth", `${nick}@${this.#where}`],
          stopTimeoutMs: STOP_TIMEOUT_MS,
          clock: this.#clock,
        },
        {
          onLine: (line) => this.#onLine(line),
          onUnread: (what) => {
            if (this.#state === "ready") this.#events.onUnread(`bzadmin: ${what}`);
          },
          onEnded: () => this.#onEnded(),
        },
      );
      this.#after(READY_TIMEOUT_MS, () => this.#onLate());
    } catch (cause) {
      this.#end(cannotStart(program, undefined, cause));
    }
  }

  #onLine(line: string): void {
    if (this.#isOver()) return;
    this.#lastLine = line;
    this.#isAlive = true;
    if (this.#state === "ready") {
      if (this.#isEcho(line)) this.#settle("sent");
      else if (/^ {4}\[SERVER->\] ".*" is not here\./s.test(line)) this.#settle("failed");
      this.#events.onLine(line);
    } else if (this.#state === "joining") this.#onJoining(line);
    else this.#onVerdict(line);
  }

  #onJoining(line: string): void {
    if (!line.startsWith(`*** '${this.#options.nick}' joined the game as `)) return;
    const { password } = this.#options;
    if (password === undefined) {
      this.#onReady();
      return;
    }
    this.#enter("password_sent");
    this.#child?.write(hurried(`/password ${password}`));
    this.#after(READY_TIMEOUT_MS, () => this.#onLate());
  }

  #onVerdict(line: string): void {
    if (line === "    [SERVER->] You are now an administrator!") this.#onReady();
    if (line !== "    [SERVER->] Wrong Password!") return;
    const text = `the BZFlag server at ${this.#where} did not take the password: give the value of its -passwd`;
    this.#end({ kind: "wrong_password", text });
  }

  #onReady(): void {
    this.#enter("ready");
    this.#events.onReady();
    this.#lookLater();
  }

  /** bzadmin does not notice that the server has gone. */
  #lookLater(): void {
    if (this.#isOver()) return;
    this.#isAlive = false;
    this.#cancelLook = this.#clock.after(BZADMIN_SILENCE_MS, () => {
      if (this.#isAlive) {
        this.#lookLater();
        return;
      }
      this.#child?.write(PROBE);
      this.#cancelLook = this.#clock.after(BZADMIN_PROBE_TIMEOUT_MS, () => this.#onProbed());
    });
  }

  #onProbed(): void {
    if (this.#isAlive) this.#lookLater();
    else {
      const text = `the BZFlag server at ${this.#where} does not answer any more`;
      // So long without a word that it may have been started again meanwhile.
      this.#end({ kind: "unreachable", text });
    }
  }

  #onLate(): void {
    const text = `the BZFlag server at ${this.#where} did not let ${this.#options.nick} in within ${READY_TIMEOUT_MS} ms`;
    this.#end({ kind: "unreachable", text });
  }

  #onEnded(): void {
    if (this.#isOver()) return;
    const last = oneLine(this.#lastLine).trim().slice(0, SHOWN_CHARS_MAX);
    const { nick } = this.#options;
    if (this.#state === "ready") {
      const text = `the BZFlag server at ${this.#where} has gone, or has thrown ${nick} out: "${last}"`;
      // It ends long after the server, which may have been started again meanwhile, with other players.
      this.#end({ kind: THROWN_OUT.test(last) ? "lost" : "unreachable", text });
      return;
    }
    const kind = last.startsWith("Error connecting") ? "unreachable" : "failed";
    const text = `${nick} could not join the BZFlag server at ${this.#where}: "${last}"; see host and port, and whether the nick is free`;
    this.#end({ kind, text });
  }

  /** As the server's own line, the nick's, or what the nick told one player. */
  #isEcho(line: string): boolean {
    return ["SERVER: ", `${this.#options.nick}: `, "[->"].some((head) =>
      line.startsWith(`    ${head}`),
    );
  }

  #next(): void {
    if (this.#written !== undefined) return;
    this.#written = this.#queue.shift();
    if (this.#written === undefined) return;
    const outcome = this.#child?.write(hurried(this.#written.command)) ?? "down";
    if (outcome === "sent") this.#after(BZADMIN_ECHO_TIMEOUT_MS, () => this.#settle("failed"));
    else this.#settle(outcome);
  }

  #settle(outcome: SayOutcome): void {
    const written = this.#written;
    if (written === undefined) return;
    this.#written = undefined;
    this.#cancelTimer();
    written.settle(outcome);
    this.#next();
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

  #enter(state: BzadminState): void {
    if (!NEXT_STATES[this.#state].includes(state)) {
      throw new Error(`bzadmin cannot go from ${this.#state} to ${state}`);
    }
    this.#state = state;
    this.#cancelTimer();
    if (state !== "over") return;
    this.#cancelLook();
    this.#written?.settle("failed");
    this.#written = undefined;
    for (const { settle } of this.#queue.splice(0)) settle("down");
  }

  // A method, because the compiler does not expect it to be closed meanwhile.
  #isOver(): boolean {
    return this.#state === "over";
  }
}

/** What is printed last where the server still runs. */
const THROWN_OUT = / (?:kicked|banned) by |You have been (?:kicked|banned)/;

function hurried(command: string): string {
  return HURRY.repeat(Math.ceil(command.length / HURRIED_BYTES)) + command;
}
