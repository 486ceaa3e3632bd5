/** What is heard from a server. Names and texts have no control characters; they are otherwise as players wrote them. */

import type { SessionEvent } from "../adapter.ts";

export interface Player {
  /** The server's number for it, free again once it left. */
  readonly id: number;
  /** Several players may have the same one. */
  readonly name: string;
}

/** What a pattern of the operator's makes of a line. */
export interface PatternEvent {
  readonly type: "pattern";
  readonly event: SessionEvent;
}

export type EconEvent =
  /** The login is done: who is there, and on which map. Comes first, once. */
  | { readonly type: "ready"; readonly players: readonly Player[]; readonly map: string }
  | {
      readonly type: "chat";
      readonly player: Player;
      /** `team` is for the player's own side alone. */
      readonly audience: "all" | "team";
      readonly text: string;
    }
  | { readonly type: "join"; readonly player: Player }
  | { readonly type: "leave"; readonly player: Player }
  | { readonly type: "rename"; readonly player: Player; readonly before: string }
  | { readonly type: "map"; readonly map: string }
  | PatternEvent;
