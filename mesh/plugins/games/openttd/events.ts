/** What a server tells. Names and lines are of one line each, with nothing hidden in them. */

export interface OpenttdPlayer {
  /** The server's number for it; another one after every join. */
  readonly id: number;
  readonly name: string;
}

export interface OpenttdServerInfo {
  readonly name: string;
  /** As the game writes it: `13.0`. */
  readonly version: string;
  readonly mapWidth: number;
  readonly mapHeight: number;
}

/** `team` are the players of one company; `private` is to the server alone. */
export type ChatScope = "all" | "team" | "private";

export type LeaveReason = "quit" | "lost" | "kicked" | "error";

export type OpenttdEvent =
  | {
      readonly kind: "chat";
      readonly scope: ChatScope;
      readonly player: OpenttdPlayer;
      readonly text: string;
    }
  | { readonly kind: "joined"; readonly player: OpenttdPlayer }
  | { readonly kind: "left"; readonly player: OpenttdPlayer; readonly reason: LeaveReason }
  | { readonly kind: "renamed"; readonly player: OpenttdPlayer; readonly formerName: string }
  /** A new game is being made or loaded; its players come back under other numbers. */
  | { readonly kind: "new_game" }
  /** The new game is there. */
  | { readonly kind: "map"; readonly server: OpenttdServerInfo }
  /** The server stops; the connection closes. */
  | { readonly kind: "shutdown" };
