import {
  type RawChannel,
  type RawCloseReason,
  RawReceiver,
  type SayOutcome,
} from "../../../index.ts";
import { type GameMessage, readGameMessage } from "./game-message.ts";
import { MESSAGES_PER_TURN } from "./limits.ts";
import type { NodeMessage } from "./node-message.ts";
import { Outlet } from "./outlet.ts";

/** Who hears of the communications with the game. */
export interface GameReceiverOwner {
  onBegin(receiver: GameReceiver): void;
  /** Answers what is wrong with the message, if something is. */
  onMessage(receiver: GameReceiver, message: GameMessage): string | undefined;
  onEnd(receiver: GameReceiver, reason: RawCloseReason): void;
}

/** One communication with the game's plugin. */
export class GameReceiver extends RawReceiver {
  readonly #owner: GameReceiverOwner;
  readonly #outlet: Outlet;
  readonly #closed = Promise.withResolvers<void>();
  #messagesInTurn = 0;

  constructor(channel: RawChannel, owner: GameReceiverOwner) {
    super(channel);
    this.#owner = owner;
    this.#outlet = new Outlet(this);
    owner.onBegin(this);
  }

  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  send(message: NodeMessage): SayOutcome {
    return this.#outlet.send(message);
  }

  /** Says why, and ends the communication. */
  dismiss(why: string): void {
    this.send({ type: "error", message: why });
    this.stop();
  }

  override onDataReceived(data: Buffer): void | Promise<void> {
    const message = readGameMessage(data);
    const problem = "problem" in message ? message.problem : this.#owner.onMessage(this, message);
    if (problem !== undefined) this.send({ type: "error", message: problem });
    this.#messagesInTurn += 1;
    if (this.#messagesInTurn < MESSAGES_PER_TURN) return undefined;
    this.#messagesInTurn = 0;
    return nextTurn();
  }

  override onClosed(reason: RawCloseReason): void {
    this.#closed.resolve();
    this.#owner.onEnd(this, reason);
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
