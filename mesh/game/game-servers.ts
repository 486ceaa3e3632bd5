/** What nodes say of their games, read from presence. */

import type { PresenceState } from "../messaging/messenger.ts";

/** A game server of the mesh, as its node tells of it. */
export interface GameServer {
  /** The node's name. */
  readonly node: string;
  /** Such as `openttd`. */
  readonly game: string;
  readonly map: string | undefined;
  /** At least as many as there are names in `players`. */
  readonly playerCount: number;
  /** Of the first so many who joined; several may have the same name. */
  readonly players: readonly string[];
}

/** More names of one server are not read: games have places for fewer, and a node may claim any number. */
export const PLAYER_NAMES_MAX = 256;

/** By the names of the nodes; what is no game, or was not written by a node of this kind, is left out. */
export function gameServersOf(presence: ReadonlyMap<string, PresenceState>): GameServer[] {
  const servers = [...presence].flatMap(([node, state]) => {
    const { game, map, players: said, playerCount } = state;
    if (typeof game !== "string") return [];
    const names = Array.isArray(said) ? said.slice(0, PLAYER_NAMES_MAX) : [];
    const players = names.filter((name) => typeof name === "string");
    const count = typeof playerCount === "number" && playerCount >= 0 ? playerCount : 0;
    return [
      {
        node,
        game,
        map: typeof map === "string" ? map : undefined,
        playerCount: Math.max(count, players.length),
        players,
      },
    ];
  });
  return servers.toSorted((a, b) => a.node.localeCompare(b.node));
}
