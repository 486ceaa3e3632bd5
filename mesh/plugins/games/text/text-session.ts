/** A game that is read by lines, put together from its parts. */

import type { Clock, GameLine, GamePlayer, SayOutcome } from "../../../index.ts";
import type { GameAdapter, GameSession, SessionEnd, SessionEvents } from "../adapter.ts";
import { KeptConsole } from "./kept-console.ts";
import { LINE_CHARS_MAX } from "./limits.ts";
import type {
  Console,
  ConsoleEvents,
  Feed,
  Grammar,
  OpenConsole,
  Part,
  SpokenLine,
} from "./parts.ts";
import { Roster } from "./roster.ts";

export interface TextAdapterOptions {
  /** What the presence calls the game. */
  readonly game: string;
  readonly grammar: Grammar;
  readonly console: Console;
  /** Default: what the console itself prints. With a feed, the end of the console is not the end of what is heard. */
  readonly feed?: Feed | undefined;
  readonly clock?: Clock;
}

export class TextAdapter implements GameAdapter {
  readonly where: string;
  readonly game: string;
  readonly stopMs: number | undefined;
  readonly #options: TextAdapterOptions;

  constructor(options: TextAdapterOptions) {
    const { game, console, feed } = options;
    this.game = game;
    this.where = feed === undefined ? console.where : `${console.where}, read from ${feed.where}`;
    // They are closed at the same time.
    const stops = [console.stopMs ?? 0, feed?.stopMs ?? 0];
    this.stopMs = Math.max(...stops) || undefined;
    const isKept = feed !== undefined && console.endsWithGame !== true;
    this.#options = { ...options, console: isKept ? kept(console, feed, options.clock) : console };
  }

  open(events: SessionEvents): GameSession {
    return new TextSession(this.#options, events);
  }
}

function kept(console: Console, { endsWithGame }: Feed, clock: Clock | undefined): Console {
  return new KeptConsole(console, { tellsOfGame: endsWithGame !== true, clock });
}

/** `ending`: a part is over for good, and the other is being closed. */
type TextSessionState = "opening" | "up" | "ending" | "over" | "closed";

const NEXT_STATES: Readonly<Record<TextSessionState, readonly TextSessionState[]>> = {
  opening: ["up", "ending", "closed"],
  up: ["ending", "closed"],
  ending: ["over", "closed"],
  over: ["closed"],
  closed: [],
};

type PartName = "console" | "feed";

class TextSession implements GameSession {
  readonly #events: SessionEvents;
  readonly #grammar: Grammar;
  /** Of this session alone: the next may be another run of the game, although this one never was up. */
  readonly #roster = new Roster();
  readonly #console: OpenConsole;
  readonly #feed: Part | undefined;
  /** The parts that are not ready. */
  readonly #awaited: Set<PartName>;
  #state: TextSessionState = "opening";
  #closed: Promise<void> | undefined;

  constructor({ grammar, console, feed }: TextAdapterOptions, events: SessionEvents) {
    this.#events = events;
    this.#grammar = grammar;
    this.#awaited = new Set(feed === undefined ? ["console"] : ["console", "feed"]);
    this.#feed = feed?.open(this.#eventsOf("feed", true));
    this.#console = console.open(this.#eventsOf("console", feed === undefined));
  }

  async say(line: GameLine): Promise<SayOutcome> {
    return await this.#send(() => this.#grammar.say(line));
  }

  async tell(player: GamePlayer, text: string): Promise<SayOutcome> {
    return await this.#send(() => this.#grammar.tell(player, text));
  }

  async close(): Promise<void> {
    if (this.#state !== "closed") this.#enter("closed");
    await this.#closeParts();
  }

  async #send(speak: () => SpokenLine): Promise<SayOutcome> {
    if (this.#state !== "up") return "down";
    const spoken = speak();
    return typeof spoken === "string" ? spoken : await this.#console.send(spoken.command);
  }

  #eventsOf(name: PartName, isRead: boolean): ConsoleEvents {
    return {
      onReady: () => this.#onReady(name),
      onLine: (line) => {
        if (isRead && this.#isHeard) this.#onLine(line.slice(0, LINE_CHARS_MAX));
      },
      onUnread: (what) => {
        if (this.#isHeard) this.#events.onNotUnderstood(what);
      },
      onTrouble: (end) => {
        if (this.#isHeard) this.#events.onTrouble(end);
      },
      onOver: (end) => {
        if (this.#isHeard) void this.#end(end);
      },
    };
  }

  get #isHeard(): boolean {
    return this.#state === "opening" || this.#state === "up";
  }

  #onReady(name: PartName): void {
    if (!this.#isHeard || !this.#awaited.delete(name) || this.#awaited.size > 0) return;
    this.#enter("up");
    this.#events.onUp(this.#roster.start);
  }

  /** Before it is up, lines tell who plays, and nothing else. */
  #onLine(line: string): void {
    const read = this.#grammar.read(line);
    if (read === "ignored") return;
    if (read === undefined) {
      this.#events.onNotUnderstood(line);
      return;
    }
    this.#events.onUnderstood(line);
    const event = this.#roster.take(read);
    if (event !== undefined && this.#state === "up") this.#events.onEvent(event);
  }

  /** What is opened next may need the port, or the file, of the part that is not over yet. */
  async #end(end: SessionEnd): Promise<void> {
    this.#enter("ending");
    await this.#closeParts();
    if (this.#isClosed()) return;
    this.#enter("over");
    this.#events.onOver(end);
  }

  // A method, because the compiler does not expect it to be closed meanwhile.
  #isClosed(): boolean {
    return this.#state === "closed";
  }

  async #closeParts(): Promise<void> {
    this.#closed ??= Promise.allSettled([this.#console.close(), this.#feed?.close()]).then(
      () => {},
    );
    await this.#closed;
  }

  #enter(state: TextSessionState): void {
    if (!NEXT_STATES[this.#state].includes(state)) {
      throw new Error(`a session cannot go from ${this.#state} to ${state}`);
    }
    this.#state = state;
  }
}
