/**
 * The parts of which a game is put together that is read by lines of text: where its lines come from, where text is
 * said, and how both are understood. A part calls nothing back before its `open` has returned, and nothing after
 * `close`.
 */

import type { GameLine, GamePlayer, SayOutcome } from "../../../index.ts";
import type { SessionEnd, SessionEvent } from "../adapter.ts";

export interface FeedEvents {
  /** Once: lines come from now on. */
  onReady(): void;
  /**
   * One line without its line break. It may be of any length that the part can bound. What comes before `onReady` was
   * written before, while nobody read it.
   */
  onLine(line: string): void;
  /** Something was not read, and why: lines that came too fast, for example. One line, for the status. */
  onUnread(what: string): void;
  /** Once, last. */
  onOver(end: SessionEnd): void;
}

/** `onLine` tells what the console itself prints, where that is what is read of the game, too. */
export interface ConsoleEvents extends FeedEvents {
  /** Of a console that is opened again by itself: why nothing can be said now; `undefined` once it can. */
  onTrouble(end: SessionEnd | undefined): void;
}

/** What is said of a part before it is opened. */
interface Closed {
  /** An address, a file, a command, for the log and the status; never with a secret in it. */
  readonly where: string;
  /** Milliseconds that the `close` of what is opened takes at most, where it gives a process time to end. */
  readonly stopMs?: number | undefined;
  /** Its end is the end of the game. */
  readonly endsWithGame?: boolean;
}

/** Where lines of the game are read. */
export interface Feed extends Closed {
  /** Does not throw: what goes wrong is told by `onOver`. */
  open(events: FeedEvents): Part;
}

/** Where text is said. */
export interface Console extends Closed {
  /** Does not throw: what goes wrong is told by `onOver`. */
  open(events: ConsoleEvents): OpenConsole;
}

/** What was opened. Its methods may be called at any time, after the end too. */
export interface Part {
  /** Ends it at once. Resolves when its sockets, files and processes are gone. */
  close(): Promise<void>;
}

export interface OpenConsole extends Part {
  /** Runs a whole command: one line without a line break, which the part adds. In the order of the calls. */
  send(command: string): Promise<SayOutcome>;
}

/** What a line says; `ignored` if it is known to mean nothing here, `undefined` if it is not understood. */
export type ReadLine = SessionEvent | "ignored" | undefined;

/** A command of the console, or why there is none. */
export type SpokenLine = { readonly command: string } | "empty" | "unsupported";

/** How lines are understood, and how text becomes a command that can do nothing but show it. */
export interface Grammar {
  read(line: string): ReadLine;
  say(line: GameLine): SpokenLine;
  tell(player: GamePlayer, text: string): SpokenLine;
}
