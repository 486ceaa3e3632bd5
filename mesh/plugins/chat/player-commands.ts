/** What players write to the relay: private lines to players of other servers, and who plays where. */

import { cutLine, type GamePlayer } from "../../index.ts";
import { type ChatCommand, parseChatCommand } from "./commands.ts";
import type { Desk } from "./desk.ts";
import type { Outcome } from "./outcome.ts";
import type { PrivateLines } from "./private-lines.ts";
import { reply } from "./reply.ts";

/** What a list of players may take of a line; games cut it shorter. */
const LIST_BYTES_MAX = 400;

export interface Asker {
  /** As the game knows it. */
  readonly player: GamePlayer;
  /** As others are shown it. */
  readonly name: string;
}

export interface PlayerCommandsOptions {
  readonly desk: Desk;
  readonly privateLines: Pick<PrivateLines, "send">;
}

export class PlayerCommands {
  readonly #desk: Desk;
  readonly #privateLines: PlayerCommandsOptions["privateLines"];

  constructor({ desk, privateLines }: PlayerCommandsOptions) {
    this.#desk = desk;
    this.#privateLines = privateLines;
  }

  /** Carries the line out if it is a command, and traces it; answers whether it was. */
  take(asker: Asker, text: string): boolean {
    const { node } = this.#desk;
    const command = this.#commandIn(text);
    if (command === undefined) return false;
    this.#carryOut(asker, text, command).catch((error: unknown) => {
      // The plugin may have been unloaded meanwhile.
      if (!node.signal.aborted) node.log.error("a command of a player failed", { error });
    });
    return true;
  }

  #commandIn(text: string): ChatCommand | undefined {
    const { privateMessages, playersCommand, commandPrefix } = this.#desk.settings;
    if (!privateMessages && !playersCommand) return undefined;
    const command = parseChatCommand(text, commandPrefix);
    const isOn = command?.kind === "players" ? playersCommand : privateMessages;
    return isOn ? command : undefined;
  }

  async #carryOut({ player, name }: Asker, text: string, command: ChatCommand): Promise<void> {
    const { node, rates, looks, echo, clock } = this.#desk;
    const look = looks.take(name, node.name, clock.now());
    if (look !== "pass") return this.#note(name, command, look);
    // Whatever becomes of it: others see it, and a bot may repeat it.
    const written = command.kind === "msg" ? command.text : text;
    const said = { server: node.name, player: name, text, written };
    const verdict = echo.checkCommand(said, clock.now());
    const rate = rates.take(name, node.name, clock.now());
    if (rate !== "pass") {
      this.#note(name, command, rate);
      if (verdict === "pass") echo.allowAgain(said);
      // Once a period: each answer is a line that the game has to show.
      if (!rates.isNoticeDue(name, clock.now())) return;
      return await reply(this.#desk, player, "your lines come too fast; wait a little");
    }
    if (command.kind !== "msg") {
      this.#note(name, command, "command");
      const answer = command.kind === "usage" ? command.usage : this.#players();
      return await reply(this.#desk, player, answer);
    }
    const sent = await this.#privateLines.send({ ...command, player: name, verdict });
    if (!sent.isShown && verdict === "pass") echo.allowAgain(said);
    return await reply(this.#desk, player, sent.text);
  }

  #players(): string {
    const { node, settings } = this.#desk;
    const servers = node.game.servers().map(({ node: name, playerCount, players }) => {
      const shown = players.map((player) => settings.filters.applyToName(player));
      const names = shown.length === 0 ? "" : `: ${shown.join(", ")}`;
      return `${name} (${playerCount})${names}`;
    });
    const list = servers.join("; ");
    return cutLine(list, { bytesMax: LIST_BYTES_MAX, ellipsis: "…" });
  }

  /** Without what stands behind the command: it may be private. */
  #note(player: string, { kind }: ChatCommand, outcome: Outcome): void {
    const { node, trace, clock, settings } = this.#desk;
    const from = { node: node.name, player };
    const text = `${settings.commandPrefix}${kind === "players" ? "players" : "msg"}`;
    const decision = { id: "", channel: "", from, to: node.name, text, outcome };
    trace.note(decision, clock.date());
  }
}
