import type { GameEvent, GamePlayer } from "../../index.ts";

/** More than any server lets in; who comes after that is heard, and not listed. */
const PLAYERS_MAX = 1000;

/** Who plays, as far as the game has told. */
export class PlayerRoster {
  /** By the game's id, or the name where it has none. */
  readonly #players = new Map<string, GamePlayer>();

  get players(): readonly GamePlayer[] {
    return [...this.#players.values()];
  }

  /** Answers whether it has changed who is there. */
  take(event: GameEvent): boolean {
    switch (event.type) {
      case "up":
        this.#players.clear();
        for (const player of event.players) this.#add(player);
        return true;
      case "down":
        this.#players.clear();
        return true;
      case "join":
        return this.#add(event.player);
      case "leave":
        return this.#players.delete(keyOf(event.player));
      case "rename":
        this.#players.delete(keyOf({ ...event.player, name: event.before }));
        return this.#add(event.player);
      case "chat":
      case "console_up":
      case "map":
        return false;
    }
  }

  #add(player: GamePlayer): boolean {
    if (this.#players.size >= PLAYERS_MAX) return false;
    this.#players.set(keyOf(player), player);
    return true;
  }
}

function keyOf({ id, name }: GamePlayer): string {
  return id === undefined ? `name ${name}` : `id ${id}`;
}
