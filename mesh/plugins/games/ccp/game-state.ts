import type { GamePlayer } from "../../../index.ts";
import type { SessionEvent, SessionStart } from "../adapter.ts";
import type { GameMessage } from "./game-message.ts";
import { PLAYERS_MAX } from "./limits.ts";

type Up = Extract<GameMessage, { type: "up" }>;
type Told = Exclude<GameMessage, { type: "up" | "down" }>;

/** What is so of a game that is up, from what its plugin tells; each change is told once. */
export class GameState {
  /** By the game's id, or the name where it has none. */
  readonly #players = new Map<string, GamePlayer>();
  #map: string | undefined;

  constructor({ map, players }: Up) {
    this.#map = map ?? undefined;
    for (const player of players) this.#players.set(keyOf(player), player);
  }

  get start(): SessionStart {
    return { map: this.#map, players: [...this.#players.values()] };
  }

  /** The changes that lead to what the game says of itself anew. [GAME-2.3] */
  renew({ map, players }: Up): SessionEvent[] {
    const present = new Set(players.map(keyOf));
    const gone = [...this.#players.values()].filter((player) => !present.has(keyOf(player)));
    return [
      ...gone.flatMap((player) => this.take({ type: "leave", player })),
      ...players.flatMap((player) => this.take({ type: "join", player })),
      ...(typeof map !== "string" || map === this.#map ? [] : this.take({ type: "map", map })),
    ];
  }

  take(message: Told): SessionEvent[] {
    switch (message.type) {
      case "chat":
        return message.text.trim() === "" ? [] : [message];
      case "map":
        this.#map = message.map;
        return [message];
      case "join":
        return this.#join(message.player);
      case "leave":
        return this.#players.delete(keyOf(message.player)) ? [message] : [];
      case "rename":
        return this.#rename(message);
    }
  }

  /** Who is known already has come under another name, or nothing has changed. */
  #join(player: GamePlayer): SessionEvent[] {
    const known = this.#players.get(keyOf(player));
    if (known === undefined && this.#players.size >= PLAYERS_MAX) return [];
    this.#players.set(keyOf(player), player);
    if (known === undefined) return [{ type: "join", player }];
    if (known.name === player.name) return [];
    return [{ type: "rename", player, before: known.name }];
  }

  #rename(message: Extract<Told, { type: "rename" }>): SessionEvent[] {
    const { player, before } = message;
    const isKnown = this.#players.delete(keyOf({ ...player, name: before }));
    if (!isKnown) return this.#join(player);
    this.#players.set(keyOf(player), player);
    return player.name === before ? [] : [message];
  }
}

function keyOf({ id, name }: GamePlayer): string {
  return id === undefined ? `name ${name}` : `id ${id}`;
}
