import type { GameLine, GamePlayer, SayOutcome } from "../../../index.ts";
import type {
  GameSession,
  SessionEnd,
  SessionEvent,
  SessionEvents,
  SessionStart,
} from "../adapter.ts";
import { SessionTeller } from "../session-teller.ts";
import { type NodeMessage, sayMessage, tellMessage } from "./node-message.ts";

/** What a session needs of the port. */
export interface PortSessionOwner {
  readonly send: (message: NodeMessage) => SayOutcome;
  readonly leave: () => Promise<void>;
}

/** Waits until the game is up, and then speaks with it. */
export class PortSession implements GameSession {
  readonly #teller: SessionTeller;
  readonly #owner: PortSessionOwner;

  constructor(events: SessionEvents, owner: PortSessionOwner) {
    this.#teller = new SessionTeller(events);
    this.#owner = owner;
  }

  get isUp(): boolean {
    return this.#teller.isUp;
  }

  up(start: SessionStart): void {
    this.#teller.up(start);
  }

  event(event: SessionEvent): void {
    this.#teller.event(event);
  }

  over(end: SessionEnd): void {
    this.#teller.over(end);
  }

  async say(line: GameLine): Promise<SayOutcome> {
    return this.#send(sayMessage(line));
  }

  async tell(player: GamePlayer, text: string): Promise<SayOutcome> {
    return this.#send(tellMessage(player, text));
  }

  async close(): Promise<void> {
    this.#teller.close();
    await this.#owner.leave();
  }

  #send(message: NodeMessage | undefined): SayOutcome {
    if (!this.isUp) return "down";
    return message === undefined ? "empty" : this.#owner.send(message);
  }
}
