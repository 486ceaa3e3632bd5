import type { Overrides, PatternKind } from "../text-reading.ts";
import { EconError, type EconErrorCode } from "./econ-error.ts";
import type { EconEvent } from "./econ-event.ts";
import { type FeedLine, readFeedLine } from "./feed-line.ts";
import { LineSplitter } from "./line-splitter.ts";
import {
  ANSWER_TIMEOUT_MS,
  CHECK_INTERVAL_MS,
  LINE_BYTES_MAX,
  LOGIN_TIMEOUT_MS,
} from "./limits.ts";
import { Roster } from "./roster.ts";
import { type ServerAnswer, ServerQuery } from "./server-query.ts";

type State = "connected" | "password_sent" | "asking" | "ready" | "closed";

const NEXT: Readonly<Record<State, readonly State[]>> = {
  connected: ["password_sent", "closed"],
  password_sent: ["asking", "closed"],
  asking: ["ready", "closed"],
  ready: ["closed"],
  closed: [],
};

/** What the session needs of the connection it is on. */
export interface EconSessionOwner {
  /** Queues text for the server; answers `false` if there is no room for it. */
  readonly send: (text: string) => boolean;
  /** `onDeadline` is to be called after this time; only the last one set counts. */
  readonly setDeadline: (afterMs: number) => void;
  readonly onEvent: (event: EconEvent) => void;
  /** A line that came after the login, and whether it means something; none that is an answer, or private. */
  readonly onLine?: ((line: string, isUnderstood: boolean) => void) | undefined;
  /** The session is over, because of this; nothing follows. */
  readonly onFailed: (error: EconError) => void;
}

export interface EconSessionOptions {
  readonly password: string;
  /** How errors call the server. */
  readonly where: string;
  /** How lines are read before they are read here. Default: not at all. */
  readonly overrides?: Overrides | undefined;
}

/** One login and what follows: bytes in, events out; commands in, bytes out. It knows no socket and no clock. */
export class EconSession {
  readonly #options: EconSessionOptions;
  readonly #owner: EconSessionOwner;
  readonly #splitter: LineSplitter = new LineSplitter((line) => this.#onLine(line));
  readonly #roster: Roster;
  #state: State = "connected";
  #query: ServerQuery | undefined;

  constructor(options: EconSessionOptions, owner: EconSessionOwner) {
    this.#options = options;
    this.#owner = owner;
    this.#roster = new Roster({
      onEvent: (event) => {
        if (this.#state !== "closed") owner.onEvent(event);
      },
      onNamesWanted: () => this.#ask("check"),
    });
    owner.setDeadline(LOGIN_TIMEOUT_MS);
  }

  /** Has the server carry out a command, of one line. Answers `false` if it was not sent: before `ready`, or when too much waits. */
  run(command: string): boolean {
    return this.#state === "ready" && this.#owner.send(`${command}\n`);
  }

  onData(chunk: Uint8Array): void {
    if (this.#isClosed) return;
    if (this.#splitter.take(chunk) || this.#isClosed) return;
    const text = `a line has more than ${LINE_BYTES_MAX} bytes: is this the port of the external console (ec_port)?`;
    this.#fail("protocol_error", text);
  }

  onDeadline(): void {
    if (this.#state === "ready" && this.#query === undefined) this.#ask("check");
    else if (this.#state !== "closed") this.#fail("timeout", TIMEOUTS[this.#state]);
  }

  onEnd(): void {
    if (this.#state !== "closed") this.#fail("closed", ENDS[this.#state]);
  }

  /** Nothing is sent or told any more. */
  close(): void {
    if (this.#state !== "closed") this.#enter("closed");
  }

  get #isClosed(): boolean {
    return this.#state === "closed";
  }

  #onLine(line: string): void {
    switch (this.#state) {
      case "connected":
        return this.#onGreeting(line);
      case "password_sent":
        return this.#onVerdict(line);
      case "asking":
      case "ready":
        return this.#onFeed(line);
      case "closed":
        return;
    }
  }

  #onGreeting(line: string): void {
    if (line !== "Enter password:") {
      const said = line.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, " ").slice(0, 200);
      const text = `it sent the client away: "${said}"; look for a ban of this address, or other clients of its console (it takes four)`;
      this.#fail("refused", text);
      return;
    }
    this.#enter("password_sent");
    this.#owner.send(`${this.#options.password}\n`);
  }

  #onVerdict(line: string): void {
    // From here on no line of the server's stands in an error: it might repeat what was sent.
    if (line.startsWith("Authentication successful.")) {
      this.#enter("asking");
      this.#ask("login");
      this.#roster.hold();
    } else if (line.startsWith("Wrong password")) {
      const text = "it did not take the password: give the value of its ec_password";
      this.#fail("wrong_password", text);
    }
  }

  #onFeed(text: string): void {
    const line = readFeedLine(text);
    const answer = line && this.#query?.take(line);
    if (answer !== undefined) this.#onAnswer(answer);
    else if (line === undefined || isFeed(line)) this.#onTold(text, line);
  }

  /** `line`: what it is without the operator's patterns. */
  #onTold(text: string, line: FeedLine | undefined): void {
    const { overrides } = this.#options;
    const read = overrides?.read(text);
    if (read === "ignored") return;
    const isOwn = line !== undefined && overrides?.replacesKind(kindOf(line)) !== true;
    this.#show(text, read !== undefined || isOwn);
    // It tells who is there, also where its kind is told of by patterns.
    if (line !== undefined) this.#roster.take(line);
    if (read !== undefined) this.#roster.take({ type: "pattern", event: read });
  }

  /** Whatever a server repeats of the login stays here. */
  #show(text: string, isUnderstood: boolean): void {
    if (text.includes(this.#options.password)) return;
    this.#owner.onLine?.(text, isUnderstood);
  }

  #ask(kind: "login" | "check"): void {
    if (this.#query !== undefined || this.#state === "closed") return;
    this.#query = new ServerQuery(kind);
    this.#owner.setDeadline(ANSWER_TIMEOUT_MS);
    // If there is no room, the server takes nothing, and the deadline ends it.
    this.#owner.send(`${this.#query.lines.join("\n")}\n`);
  }

  #onAnswer({ outputLevel, map, names }: ServerAnswer): void {
    this.#query = undefined;
    this.#owner.setDeadline(CHECK_INTERVAL_MS);
    if (this.#state === "asking") {
      this.#enter("ready");
      // Below it the console does not tell what is said.
      if (outputLevel < 1) this.#owner.send("ec_output_level 1\n");
      this.#roster.begin(names, map);
    } else this.#roster.settle(names);
  }

  #fail(code: EconErrorCode, text: string): void {
    this.#enter("closed");
    this.#owner.onFailed(
      new EconError(code, `external console of ${this.#options.where}: ${text}`),
    );
  }

  #enter(next: State): void {
    if (!NEXT[this.#state].includes(next)) {
      throw new Error(`a console session cannot go from ${this.#state} to ${next}`);
    }
    this.#state = next;
  }
}

function isFeed({ type }: FeedLine): boolean {
  return type !== "console" && type !== "status" && type !== "private";
}

function kindOf(line: FeedLine): PatternKind | undefined {
  switch (line.type) {
    case "chat":
      return line.audience === "team" ? "team_chat" : "chat";
    case "entered":
    case "team":
      return "join";
    case "leave":
    case "map":
      return line.type;
    default:
      return undefined;
  }
}

const TIMEOUTS: Readonly<Record<Exclude<State, "closed">, string>> = {
  connected:
    "it asked for no password in time: see that it runs, and that this is the port of its external console (ec_port), not of the game",
  password_sent: "it did not say in time whether it takes the password: look whether it hangs",
  asking: "it did not say in time who is there: look whether it hangs",
  ready: "it does not answer any more: look whether it, or the way to it, hangs",
};

const ENDS: Readonly<Record<Exclude<State, "closed">, string>> = {
  connected:
    "it closed the connection before it asked for a password: look for a ban of this address, or other clients of its console",
  password_sent: "it closed the connection during the login: look at its log",
  asking: "it closed the connection during the login: look at its log",
  ready: "it closed the connection: the server stopped, or someone ended the session",
};
