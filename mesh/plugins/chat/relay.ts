/** Chat between the games of the mesh: what is said in one is shown in the others. */

import type { GameEvent, Message } from "../../index.ts";
import type { Desk } from "./desk.ts";
import { Incoming } from "./incoming.ts";
import { LateLines } from "./late-lines.ts";
import { Outgoing } from "./outgoing.ts";
import { PlayerCommands } from "./player-commands.ts";
import { PrivateLines } from "./private-lines.ts";
import { Receipts } from "./receipts.ts";

export class Relay {
  readonly lateLines: LateLines;
  readonly privateLines: PrivateLines;
  readonly receipts: Receipts;
  readonly #desk: Desk;
  readonly #outgoing: Outgoing;
  readonly #incoming: Incoming;

  constructor(desk: Desk) {
    this.#desk = desk;
    const receipts = new Receipts(desk);
    const privateLines = new PrivateLines(desk);
    const commands = new PlayerCommands({ desk, privateLines });
    const incoming = new Incoming({
      desk,
      sendReceipt: (node, id, outcome) => receipts.send(node, id, outcome),
    });
    this.receipts = receipts;
    this.privateLines = privateLines;
    this.#incoming = incoming;
    this.#outgoing = new Outgoing({
      desk,
      takeCommand: (asker, text) => commands.take(asker, text),
    });
    this.lateLines = new LateLines({
      desk,
      show: (channel, line) => incoming.showPast(channel, line),
    });
  }

  async onGameEvent(event: GameEvent): Promise<void> {
    this.#outgoing.take(event);
    if (event.type === "up" || event.type === "console_up") await this.lateLines.catchUp();
  }

  onMessage(channel: string, message: Message): void {
    this.#incoming.take(channel, message);
  }

  /** What an operator sees of it. */
  get status(): unknown {
    const { settings, trace, mutes, clock } = this.#desk;
    const { send, receive, teamChannels, adminChannels } = settings;
    return {
      send,
      receive,
      teamChannels,
      adminChannels,
      lines: trace.counts,
      mutes: mutes.count(clock.date()),
    };
  }
}
