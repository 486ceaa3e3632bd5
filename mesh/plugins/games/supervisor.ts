/** Keeps a game joined: opens a session, and another one whenever it is over, until it is stopped. */

import type {
  Cancel,
  Clock,
  GameEvent,
  GameLine,
  GamePlayer,
  GameProvider,
  GameState,
  GameStatus,
  Logger,
  SayOutcome,
} from "../../index.ts";
import type {
  GameAdapter,
  GameSession,
  SessionEnd,
  SessionEvent,
  SessionStart,
} from "./adapter.ts";
import { JoinLog } from "./join-log.ts";
import { LINE_SHOWN_CHARS_MAX, REASON_CHARS_MAX } from "./limits.ts";
import { Retry } from "./retry.ts";
import { PlayerRoster } from "./roster.ts";

export interface SupervisorOptions {
  /** As `[game] adapter` names it. */
  readonly preset: string;
  readonly adapter: GameAdapter;
  readonly log: Logger;
  readonly clock: Clock & { now(): number };
  readonly onEvent: (event: GameEvent) => void;
  readonly random?: () => number;
}

type SupervisorState = GameState | "stopped";

const NEXT_STATES: Readonly<Record<SupervisorState, readonly SupervisorState[]>> = {
  connecting: ["up", "waiting", "stopped"],
  up: ["waiting", "stopped"],
  waiting: ["connecting", "stopped"],
  stopped: [],
};

interface SeenLine {
  readonly line: string;
  readonly at: number;
}

type TimedEnd = SessionEnd & { readonly at: number };

/** The outcomes of lines, and events by their types: both sets are closed. */
type Counters<Key extends string> = Partial<Record<Key, number>>;

export class GameSupervisor implements GameProvider {
  readonly #options: SupervisorOptions;
  readonly #roster = new PlayerRoster();
  readonly #retry: Retry;
  readonly #log: JoinLog;
  readonly #events: Counters<GameEvent["type"]> = {};
  readonly #said: Counters<SayOutcome> = {};
  #state: SupervisorState = "connecting";
  #session: GameSession | undefined;
  #map: string | undefined;
  #sinceMs: number;
  #sessions = 0;
  #retryAtMs: number | undefined;
  #cancelRetry: Cancel = () => {};
  #linesTold = 0;
  #understood: SeenLine | undefined;
  #notUnderstood: SeenLine | undefined;
  #lastEnd: TimedEnd | undefined;
  /** Why the game can be heard and not be spoken to. */
  #trouble: TimedEnd | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#retry = new Retry(options.random);
    const { adapter, log, clock } = options;
    this.#log = new JoinLog({ where: adapter.where, log, clock });
    this.#sinceMs = options.clock.now();
  }

  start(): void {
    this.#open();
  }

  /** Ends the session. Resolves when its sockets and processes are gone. */
  async stop(): Promise<void> {
    if (this.#state === "stopped") return;
    const wasUp = this.#state === "up";
    this.#enter("stopped");
    this.#cancelRetry();
    this.#log.stop();
    const session = this.#session;
    this.#session = undefined;
    if (wasUp) this.#tell({ type: "down", reason: "the node stops, or the adapter is unloaded" });
    await session?.close();
  }

  get status(): GameStatus {
    return {
      adapter: this.#options.preset,
      game: this.#options.adapter.game,
      state: this.#state === "stopped" ? "waiting" : this.#state,
      map: this.#map ?? null,
      players: this.#roster.players,
    };
  }

  /** What an operator wants to know when nothing is relayed. */
  get details(): Readonly<Record<string, unknown>> {
    const { adapter, preset, clock } = this.#options;
    const retryAtMs = this.#retryAtMs;
    return {
      adapter: preset,
      where: adapter.where,
      state: this.#state,
      since: isoOf(this.#sinceMs),
      sessions: this.#sessions,
      map: this.#map ?? null,
      players: this.#roster.players.length,
      retryInMs: retryAtMs === undefined ? null : Math.max(0, Math.round(retryAtMs - clock.now())),
      lastError: shownEnd(this.#lastEnd),
      consoleError: shownEnd(this.#trouble) ?? null,
      lastUnderstood: seen(this.#understood),
      lastNotUnderstood: seen(this.#notUnderstood),
      events: { ...this.#events },
      said: { ...this.#said },
    };
  }

  /** Whether lines reach the game. */
  get isSpokenTo(): boolean {
    return this.#state === "up" && this.#trouble === undefined;
  }

  get events(): Readonly<Counters<GameEvent["type"]>> {
    return this.#events;
  }

  get said(): Readonly<Counters<SayOutcome>> {
    return this.#said;
  }

  async say(line: GameLine): Promise<SayOutcome> {
    return await this.#speak((session) => session.say(line));
  }

  async tell(player: GamePlayer, text: string): Promise<SayOutcome> {
    return await this.#speak((session) => session.tell(player, text));
  }

  async #speak(speak: (session: GameSession) => Promise<SayOutcome>): Promise<SayOutcome> {
    const session = this.#state === "up" ? this.#session : undefined;
    const outcome = session === undefined ? "down" : await speak(session);
    this.#said[outcome] = (this.#said[outcome] ?? 0) + 1;
    return outcome;
  }

  #open(): void {
    const { adapter, clock } = this.#options;
    this.#retryAtMs = undefined;
    this.#trouble = undefined;
    this.#sessions += 1;
    const number = this.#sessions;
    // What a session tells after another has taken its place is nobody's affair.
    const current = (act: () => void): void => {
      if (this.#sessions === number && this.#state !== "stopped") act();
    };
    this.#session = adapter.open({
      onUp: (start) => current(() => this.#onUp(start)),
      onEvent: (event) => current(() => this.#onEvent(event)),
      onUnderstood: (line) => {
        this.#linesTold += 1;
        this.#understood = { line: shortLine(line), at: clock.now() };
      },
      onNotUnderstood: (line) => {
        this.#notUnderstood = { line: shortLine(line), at: clock.now() };
      },
      onTrouble: (end) => current(() => this.#onTrouble(end)),
      onOver: (end) => current(() => this.#onOver(end)),
    });
  }

  #onUp({ map, players }: SessionStart): void {
    if (this.#state !== "connecting") return;
    this.#enter("up");
    this.#map = map;
    this.#log.joined(map, players.length);
    this.#tell({ type: "up", map, players });
    if (this.#trouble !== undefined) this.#log.notSpokenTo(this.#trouble);
  }

  #onTrouble(end: SessionEnd | undefined): void {
    const before = this.#trouble;
    this.#trouble = end && this.#timed(end);
    if (this.#state === "up") this.#onConsole(before);
    else if (this.#state === "connecting" && this.#trouble !== undefined) {
      this.#log.notYetJoined(this.#trouble);
    }
  }

  #onConsole(before: TimedEnd | undefined): void {
    if (this.#trouble !== undefined) this.#log.notSpokenTo(this.#trouble);
    else if (before !== undefined) this.#tell({ type: "console_up" });
  }

  #onEvent(event: SessionEvent): void {
    if (this.#state !== "up") return;
    // A structured protocol has no lines to tell of.
    if (this.#linesTold === 0) {
      this.#understood = { line: shortLine(eventText(event)), at: this.#options.clock.now() };
    }
    if (event.type === "map") this.#map = event.map;
    this.#tell(event);
  }

  #timed({ kind, text }: SessionEnd): TimedEnd {
    return { kind, text: text.slice(0, REASON_CHARS_MAX), at: this.#options.clock.now() };
  }

  #onOver(over: SessionEnd): void {
    if (this.#state === "waiting") return;
    const { clock } = this.#options;
    const nowMs = clock.now();
    const wasUp = this.#state === "up";
    const upForMs = wasUp ? Math.max(1, nowMs - this.#sinceMs) : 0;
    const end = this.#timed(over);
    this.#lastEnd = end;
    this.#trouble = undefined;
    this.#session = undefined;
    this.#enter("waiting");
    const waitMs = this.#retry.after(end, upForMs);
    this.#log.notJoined(end, upForMs, waitMs);
    this.#retryAtMs = nowMs + waitMs;
    this.#cancelRetry = clock.after(waitMs, () => {
      if (this.#state !== "waiting") return;
      this.#enter("connecting");
      this.#open();
    });
    if (wasUp) this.#tell({ type: "down", reason: end.text });
  }

  #tell(event: GameEvent): void {
    this.#events[event.type] = (this.#events[event.type] ?? 0) + 1;
    this.#roster.take(event);
    if (event.type === "down") this.#map = undefined;
    this.#options.onEvent(event);
  }

  #enter(next: SupervisorState): void {
    if (!NEXT_STATES[this.#state].includes(next)) {
      throw new Error(`a game cannot go from ${this.#state} to ${next}`);
    }
    this.#state = next;
    this.#sinceMs = this.#options.clock.now();
  }
}

function eventText(event: SessionEvent): string {
  switch (event.type) {
    case "chat":
      return `chat ${event.player.name}: ${event.text}`;
    case "map":
      return `map ${event.map}`;
    case "join":
    case "leave":
      return `${event.type} ${event.player.name}`;
    case "rename":
      return `rename ${event.before} to ${event.player.name}`;
  }
}

function shortLine(line: string): string {
  return line.slice(0, LINE_SHOWN_CHARS_MAX);
}

function shownEnd(end: TimedEnd | undefined): unknown {
  return end && { ...end, at: isoOf(end.at) };
}

function seen(line: SeenLine | undefined): unknown {
  return line === undefined ? null : { line: line.line, at: isoOf(line.at) };
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}
