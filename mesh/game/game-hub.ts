import { CcpError, type Registration } from "../../src/index.ts";
import type {
  GameEvent,
  GameLine,
  GamePlayer,
  GameProvider,
  GameRegistration,
  GameStatus,
  SayOutcome,
} from "./game.ts";

/** Between whoever joins a game to the node, and those who listen and speak to it. */
export class GameHub {
  readonly #listeners = new Set<(event: GameEvent) => void>();
  #provided: { readonly provider: GameProvider; readonly owner: string } | undefined;

  get status(): GameStatus | undefined {
    return this.#provided?.provider.status;
  }

  async say(line: GameLine): Promise<SayOutcome> {
    return (await this.#provided?.provider.say(line)) ?? "down";
  }

  async tell(player: GamePlayer, text: string): Promise<SayOutcome> {
    return (await this.#provided?.provider.tell(player, text)) ?? "down";
  }

  /** Listeners must not throw. */
  onEvent(listener: (event: GameEvent) => void): Registration {
    this.#listeners.add(listener);
    return { remove: () => void this.#listeners.delete(listener) };
  }

  /** @throws {CcpError} `name_taken`, which names the owner */
  provide(provider: GameProvider, owner: string): GameRegistration {
    if (this.#provided !== undefined) {
      const text = `the node has a game already, from ${this.#provided.owner}; a node stands beside one game`;
      throw new CcpError("name_taken", text);
    }
    const provided = { provider, owner };
    this.#provided = provided;
    return {
      emit: (event) => {
        if (this.#provided === provided) this.#tell(event);
      },
      remove: () => {
        if (this.#provided !== provided) return;
        if (provider.status.state === "up") this.#tell({ type: "down", reason: "unloaded" });
        this.#provided = undefined;
      },
    };
  }

  #tell(event: GameEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
