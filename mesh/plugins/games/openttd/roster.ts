import type { LeaveReason, OpenttdEvent, OpenttdPlayer } from "./events.ts";
import { PLAYERS_MAX, USER_BYTES_MAX } from "./limits.ts";
import { SERVER_CLIENT_ID } from "./packet-types.ts";
import { safeText } from "./safe-text.ts";

/** Who plays, as the server tells it. Each change is told once, however often the server tells it. */
export class Roster {
  readonly #players = new Map<number, OpenttdPlayer>();

  get players(): OpenttdPlayer[] {
    return [...this.#players.values()];
  }

  get(id: number): OpenttdPlayer | undefined {
    return this.#players.get(id);
  }

  /** Whether there is something to ask about the number. */
  isUnknown(id: number): boolean {
    return id !== SERVER_CLIENT_ID && !this.#players.has(id);
  }

  /** The server gave a name; answers what that changes. */
  learn(id: number, name: string): OpenttdEvent | undefined {
    if (id === SERVER_CLIENT_ID) return undefined;
    const player = { id, name: nameOf(id, name) };
    const former = this.#players.get(id);
    if (former?.name === player.name) return undefined;
    // Only a server that is none lets so many in; they may speak, under their numbers.
    if (former === undefined && this.#players.size >= PLAYERS_MAX) return undefined;
    this.#players.set(id, player);
    if (former === undefined) return { kind: "joined", player };
    return { kind: "renamed", player, formerName: former.name };
  }

  /** Of two reasons the server gives, the first counts. */
  forget(id: number, reason: LeaveReason): OpenttdEvent | undefined {
    const player = this.#players.get(id);
    if (player === undefined) return undefined;
    this.#players.delete(id);
    return { kind: "left", player, reason };
  }

  /** Whoever has the number, though the server told no name. */
  whoever(id: number): OpenttdPlayer {
    return this.#players.get(id) ?? { id, name: nameOf(id, "") };
  }
}

function nameOf(id: number, name: string): string {
  const safe = safeText(name, USER_BYTES_MAX);
  return safe === "" ? `player ${id}` : safe;
}
