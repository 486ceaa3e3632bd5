/** The node's game, as one plugin sees it: all of it ends with the plugin. */

import type { Registration } from "../src/index.ts";
import type {
  GameEvent,
  GameLine,
  GamePlayer,
  GameProvider,
  GameRegistration,
  GameStatus,
  PluginGame,
  SayOutcome,
} from "./game/game.ts";
import type { GameHub } from "./game/game-hub.ts";
import { type GameServer, gameServersOf } from "./game/game-servers.ts";
import type { Messenger } from "./messaging/messenger.ts";
import type { PluginHoldings } from "./plugin-holdings.ts";

export class HeldGame implements PluginGame {
  readonly #hub: GameHub;
  readonly #messenger: Pick<Messenger, "presence">;
  readonly #held: PluginHoldings;

  constructor(hub: GameHub, messenger: Pick<Messenger, "presence">, held: PluginHoldings) {
    this.#hub = hub;
    this.#messenger = messenger;
    this.#held = held;
  }

  get status(): GameStatus | undefined {
    return this.#hub.status;
  }

  async say(line: string | GameLine): Promise<SayOutcome> {
    this.#held.assertLoaded();
    return await this.#hub.say(typeof line === "string" ? { text: line } : line);
  }

  async tell(player: GamePlayer, text: string): Promise<SayOutcome> {
    this.#held.assertLoaded();
    return await this.#hub.tell(player, text);
  }

  servers(): readonly GameServer[] {
    this.#held.assertLoaded();
    return gameServersOf(this.#messenger.presence());
  }

  onEvent(callback: (event: GameEvent) => void | Promise<void>): Registration {
    this.#held.assertLoaded();
    this.#held.assertRoom();
    const guarded = (event: GameEvent): void => {
      void this.#held.run("a listener to the game", () => callback(event));
    };
    return this.#held.keep(this.#hub.onEvent(guarded));
  }

  provide(provider: GameProvider): GameRegistration {
    this.#held.assertLoaded();
    const registration = this.#hub.provide(provider, this.#held.owner);
    const holding = this.#held.keep(registration);
    return { emit: (event) => registration.emit(event), remove: () => holding.remove() };
  }
}
