/** The game that a node stands beside, as plugins see it. */

import type { Registration } from "../../src/index.ts";
import type { GameServer } from "./game-servers.ts";

/** Who may read a line: everybody, the speaker's side alone, or those who run the server. */
export type ChatAudience = "all" | "team" | "admin";

export interface GamePlayer {
  /** One line without control characters; otherwise as the player wrote it. */
  readonly name: string;
  /** The game's own, where it has one: a number that is free again once the player left, or an account's id. */
  readonly id?: string;
  readonly team?: string;
}

/** What happens in the game, in the order in which the game tells of it. */
export type GameEvent =
  /** The game can be heard. `players` are those who are known to be there. */
  | {
      readonly type: "up";
      readonly map: string | undefined;
      readonly players: readonly GamePlayer[];
    }
  /** The game cannot be heard any more; nobody is known to be there. */
  | { readonly type: "down"; readonly reason: string }
  /** Lines reach the game again, which was heard all the time: its console was away for a while. */
  | { readonly type: "console_up" }
  | { readonly type: "map"; readonly map: string }
  | {
      readonly type: "chat";
      readonly audience: ChatAudience;
      readonly player: GamePlayer;
      readonly text: string;
    }
  | { readonly type: "join"; readonly player: GamePlayer }
  | { readonly type: "leave"; readonly player: GamePlayer }
  | { readonly type: "rename"; readonly player: GamePlayer; readonly before: string };

/** A line that is to be shown to the players. */
export interface GameLine {
  /** The whole line, as a game shows it that has but one form of lines. */
  readonly text: string;
  /** Who said it where, for games that show these apart; `text` has them, too. */
  readonly origin?: { readonly server: string; readonly player: string; readonly text: string };
  /** Default: `all`. */
  readonly audience?: "all" | "admin";
}

/**
 * What became of a line. No game tells whether players have seen it.
 *
 * | outcome | it means |
 * |---|---|
 * | `sent` | the game's console has taken it |
 * | `empty` | nothing of it can be shown |
 * | `queue_full` | so many lines wait for the console that this one was dropped |
 * | `down` | there is no game, or its console is not there now |
 * | `unsupported` | this game cannot show such a line, to administrators or to one player alone for example |
 * | `failed` | the console refused it, or did not answer |
 */
export type SayOutcome = "sent" | "empty" | "queue_full" | "down" | "unsupported" | "failed";

/**
 * | state | it means |
 * |---|---|
 * | `connecting` | its console is dialled, or its process starts |
 * | `up` | it is heard and spoken to |
 * | `waiting` | it is not there; the next attempt is in `retryInMs` |
 */
export type GameState = "connecting" | "up" | "waiting";

export interface GameStatus {
  /** The name of the preset, such as `source`. */
  readonly adapter: string;
  /** What the game is called, such as `css`; the preset's name where the config says nothing else. */
  readonly game: string;
  readonly state: GameState;
  /** `null` where the game does not tell. */
  readonly map: string | null;
  readonly players: readonly GamePlayer[];
}

/** What joins a game to its node: the built-in adapters, or a plugin of somebody's own. */
export interface GameProvider {
  readonly status: GameStatus;
  say(line: GameLine): Promise<SayOutcome>;
  /** Shows the text to one player alone. */
  tell(player: GamePlayer, text: string): Promise<SayOutcome>;
}

/** The node's game, for one plugin. Without a game it is there all the same: then nothing happens in it. */
export interface PluginGame {
  /** `undefined` where the node has no game. */
  readonly status: GameStatus | undefined;
  /** Shows a line to the players: text as it is, without anything that could run a command. */
  say(line: string | GameLine): Promise<SayOutcome>;
  /** Shows the text to one player alone, where the game can do that. */
  tell(player: GamePlayer, text: string): Promise<SayOutcome>;
  /** The game servers of the whole mesh, this one among them, and who plays there. */
  servers(): readonly GameServer[];
  /** Calls back with what happens in the game of this node. */
  onEvent(callback: (event: GameEvent) => void | Promise<void>): Registration;
  /**
   * Joins a game to the node; answers where to tell what happens in it.
   *
   * @throws {CcpError} `name_taken` if the node has a game already
   */
  provide(provider: GameProvider): GameRegistration;
}

export interface GameRegistration extends Registration {
  /** Tells all plugins of it. */
  emit(event: GameEvent): void;
}
