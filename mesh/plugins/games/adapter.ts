/** What every game's adapter is: it opens sessions, one after the other, and each tells what it hears until it is over. */

import type {
  GameEvent,
  GameLine,
  GamePlayer,
  RawReceiverClass,
  SayOutcome,
  SettingsReader,
} from "../../index.ts";

/** What happens while a session is up; `up` and `down` are told by {@link SessionEvents}. */
export type SessionEvent = Exclude<GameEvent, { readonly type: "up" | "down" | "console_up" }>;

export interface SessionStart {
  /** `undefined` where the game does not tell. */
  readonly map: string | undefined;
  readonly players: readonly GamePlayer[];
}

/**
 * Why a session is over.
 *
 * | kind | it means | the next attempt |
 * |---|---|---|
 * | `unreachable` | nobody listens there, or no answer came | soon |
 * | `lost` | it was up, and the game has gone | soon |
 * | `wrong_password` | the game refused the password | late, lest the game bans this address |
 * | `failed` | anything else | soon |
 */
export type SessionEndKind = "unreachable" | "lost" | "wrong_password" | "failed";

export interface SessionEnd {
  readonly kind: SessionEndKind;
  /** What happened, where, and what to do; never with a secret in it. */
  readonly text: string;
}

export interface SessionEvents {
  /** Once, before any event. */
  onUp(start: SessionStart): void;
  /** Only after `onUp`. */
  onEvent(event: SessionEvent): void;
  /** A line that means something, as it came, for the status. Structured protocols need not tell. */
  onUnderstood(line: string): void;
  /** A line that means nothing here. */
  onNotUnderstood(line: string): void;
  /** Why a game that is heard cannot be spoken to now; `undefined` once it can again. */
  onTrouble(end: SessionEnd | undefined): void;
  /** Once, last, and never after `close`; not before `open` has returned. */
  onOver(end: SessionEnd): void;
}

/** One life of the connection with a game. Its methods may be called at any time, after the end too. */
export interface GameSession {
  /** Shows a line to the players, in the order of the calls; escaped and cut so that it can do nothing else. */
  say(line: GameLine): Promise<SayOutcome>;
  /** Shows the text to one player alone; `unsupported` where the game cannot. */
  tell(player: GamePlayer, text: string): Promise<SayOutcome>;
  /** Ends it at once. Nothing is told any more. Resolves when its sockets and processes are gone. */
  close(): Promise<void>;
}

export interface GameAdapter {
  /** Where the game is, for the log and the status: an address, a command, a file. */
  readonly where: string;
  /** What the presence calls the game, such as `openttd`. */
  readonly game: string;
  /** Where the game speaks for itself over the node's port: what it finds there. */
  readonly receiver?: { readonly plugin: string; readonly receiver: RawReceiverClass };
  /** The longest that the `close` of a session takes, where a game of the node's own is given time to end. */
  readonly stopMs?: number | undefined;
  /** Starts a session. Does not throw: what goes wrong is told by `onOver`. */
  open(events: SessionEvents): GameSession;
}

/** One value of `[game] adapter`. */
export interface Preset {
  readonly name: string;
  /**
   * The adapter that the section describes. Reads and checks, and touches nothing outside: what is wrong stands in
   * `settings.problems` afterwards, and the adapter is not used then.
   */
  readonly create: (settings: SettingsReader) => GameAdapter;
}
