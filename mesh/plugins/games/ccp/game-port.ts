import type { RawCloseReason } from "../../../index.ts";
import type { GameSession, SessionEvents } from "../adapter.ts";
import type { GameMessage } from "./game-message.ts";
import type { GameReceiver, GameReceiverOwner } from "./game-receiver.ts";
import { GameState } from "./game-state.ts";
import { PortSession } from "./port-session.ts";

const REPLACED = "another communication of the game has taken the place of this one";

/**
 * Where the game's plugin comes to. At most one communication with it is there, and at most one session listens:
 * each may be there without the other.
 */
export class GamePort implements GameReceiverOwner {
  readonly #pluginName: string;
  #receiver: GameReceiver | undefined;
  /** While the game says that it is up. */
  #game: GameState | undefined;
  #session: PortSession | undefined;

  constructor(pluginName: string) {
    this.#pluginName = pluginName;
  }

  open(events: SessionEvents): GameSession {
    const session = new PortSession(events, {
      send: (message) => this.#receiver?.send(message) ?? "down",
      leave: () => this.#leave(session),
    });
    this.#session = session;
    // The game may have come before.
    queueMicrotask(() => {
      if (this.#session === session && this.#game !== undefined) session.up(this.#game.start);
    });
    return session;
  }

  /** A game that was started anew comes before its old communication is known to be lost. [GAME-1.4] */
  onBegin(receiver: GameReceiver): void {
    const before = this.#receiver;
    this.#receiver = receiver;
    before?.dismiss(REPLACED);
    this.#lose("it has begun another communication: it, or its plugin, was started anew");
  }

  onMessage(receiver: GameReceiver, message: GameMessage): string | undefined {
    if (receiver !== this.#receiver) return REPLACED;
    switch (message.type) {
      case "up":
        this.#onUp(message);
        return undefined;
      case "down":
        this.#lose("it says that it is down");
        return undefined;
      default:
        if (this.#game === undefined) return `type: "${message.type}" came before "up"`;
        for (const event of this.#game.take(message)) this.#session?.event(event);
        return undefined;
    }
  }

  onEnd(receiver: GameReceiver, reason: RawCloseReason): void {
    if (receiver !== this.#receiver) return;
    this.#receiver = undefined;
    this.#lose(ENDS[reason]);
  }

  #onUp(message: Extract<GameMessage, { type: "up" }>): void {
    if (this.#game === undefined) {
      this.#game = new GameState(message);
      this.#session?.up(this.#game.start);
      return;
    }
    for (const event of this.#game.renew(message)) this.#session?.event(event);
  }

  /** A session that was not up goes on waiting. */
  #lose(what: string): void {
    if (this.#game === undefined) return;
    this.#game = undefined;
    const session = this.#session;
    if (session?.isUp !== true) return;
    this.#session = undefined;
    session.over({ kind: "lost", text: `the game at raw "${this.#pluginName}": ${what}` });
  }

  /** Resolves when nothing is left that the session has spoken with. */
  async #leave(session: PortSession): Promise<void> {
    if (this.#session !== session) return;
    this.#session = undefined;
    const receiver = this.#receiver;
    receiver?.stop();
    await receiver?.closed;
  }
}

const ENDS: Readonly<Record<RawCloseReason, string>> = {
  ended: "it has ended the communication; see whether it, and its plugin, still run",
  stopped: "the node has ended the communication",
  aborted: "the connection was lost; see whether it, and its plugin, still run",
  unloaded: "the node does not listen for it any more",
  failed: "the communication has failed; the node's log says why",
};
