import type { GamePlayer } from "../../../index.ts";
import type { SessionEvent, SessionStart } from "../adapter.ts";
import { PLAYERS_MAX } from "./limits.ts";

/** Who plays, as far as the lines tell. Who was there before the first line is not known until they leave. */
export class Roster {
  /** By their number where the game has one, else by their name. */
  readonly #players = new Map<string, GamePlayer>();
  #map: string | undefined;

  get start(): SessionStart {
    return { map: this.#map, players: [...this.#players.values()] };
  }

  /** Answers the event as it is to be told, `undefined` if it is no news. */
  take(event: SessionEvent): SessionEvent | undefined {
    switch (event.type) {
      case "chat":
        return event;
      case "join":
        return this.#joins(event.player);
      case "leave":
        this.#players.delete(keyOf(event.player));
        return event;
      case "rename":
        this.#players.delete(keyOf({ ...event.player, name: event.before }));
        this.#set(event.player);
        return event;
      case "map":
        return this.#changes(event.map);
    }
  }

  /** Some games tell again of each player after a change of the map. */
  #joins(player: GamePlayer): SessionEvent | undefined {
    const before = this.#players.get(keyOf(player));
    this.#set(player);
    if (before === undefined) return { type: "join", player };
    if (before.name === player.name) return undefined;
    return { type: "rename", player, before: before.name };
  }

  #changes(map: string): SessionEvent | undefined {
    if (map === this.#map) return undefined;
    this.#map = map;
    return { type: "map", map };
  }

  #set(player: GamePlayer): void {
    const key = keyOf(player);
    if (this.#players.size < PLAYERS_MAX || this.#players.has(key)) this.#players.set(key, player);
  }
}

function keyOf({ id, name }: GamePlayer): string {
  return id === undefined ? `name ${name}` : `id ${id}`;
}
