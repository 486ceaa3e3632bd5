/** What players write to the relay: private lines to players of other servers, and who plays where. */

import * as v from "valibot";
import { cutLine, type GamePlayer, MeshError, type SayOutcome } from "../../index.ts";
import { parseChatCommand } from "./commands.ts";
import type { Desk } from "./desk.ts";
import { type FoundPlayer, findPlayer, type PlayerQuery } from "./find-player.ts";
import type { ChatEvent } from "./outgoing.ts";
import { reply } from "./reply.ts";
import { safeName, safeText } from "./safe-chat.ts";

export const TELL_SERVICE = "chat.tell";

const TELL_TIMEOUT_MS = 5000;

/** What a list of players may take of a line; games cut it shorter. */
const LIST_BYTES_MAX = 400;

const Private = v.object({
  to: v.pipe(v.string(), v.maxLength(1000)),
  player: v.pipe(v.string(), v.maxLength(1000)),
  text: v.pipe(v.string(), v.maxLength(4000)),
});

export class PrivateLines {
  readonly #desk: Desk;

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  /** Carries the line out if it is a command; answers whether it was. */
  take(event: ChatEvent, text: string): boolean {
    const { settings, node } = this.#desk;
    if (!settings.privateMessages && !settings.playersCommand) return false;
    const command = parseChatCommand(text, settings.commandPrefix);
    if (command === undefined) return false;
    if (command.kind === "players" ? !settings.playersCommand : !settings.privateMessages) {
      return false;
    }
    this.#carryOut(event.player, command).catch((error: unknown) => {
      // The plugin may have been unloaded meanwhile.
      if (!node.signal.aborted) node.log.error("a command of a player failed", { error });
    });
    return true;
  }

  /** A private line from elsewhere, for a player here. */
  async answer(from: string, asked: unknown): Promise<SayOutcome> {
    const { node, settings, mutes, clock, ratesElsewhere, echo } = this.#desk;
    const question = v.safeParse(Private, asked);
    if (!question.success) {
      throw new MeshError("remote_failure", "ask with {to: NAME, player: NAME, text: TEXT}");
    }
    if (!settings.privateMessages) {
      throw new MeshError("remote_failure", `${node.name} takes no private lines`);
    }
    const { to } = question.output;
    const player = safeName(question.output.player) ?? "?";
    if (ratesElsewhere.take(`${player}@${from}`, from, clock.now()) !== "pass") {
      throw new MeshError("remote_failure", "your lines come too fast; wait a little");
    }
    const text = safeText(question.output.text);
    const target = node.game.status?.players.find(({ name }) => name === to);
    if (text === undefined) return "empty";
    if (target === undefined) {
      throw new MeshError("remote_failure", `${to} does not play on ${node.name} any more`);
    }
    if (mutes.isMuted(player, from, clock.date()) !== undefined) {
      throw new MeshError("remote_failure", "you are muted");
    }
    const filtered = settings.filters.apply(text);
    if (filtered.kind === "drop") throw new MeshError("remote_failure", "a filter keeps it back");
    echo.remember({ server: from, player, text }, clock.now());
    return await node.game.tell(target, `[${from}] ${player} to you: ${filtered.text}`);
  }

  async #carryOut(
    player: GamePlayer,
    command: NonNullable<ReturnType<typeof parseChatCommand>>,
  ): Promise<void> {
    const { node, rates, clock } = this.#desk;
    const name = safeName(player.name) ?? "?";
    if (rates.take(name, node.name, clock.now()) !== "pass") {
      // Once a period: each answer is a line that the game has to show.
      if (!rates.isNoticeDue(name, clock.now())) return;
      return await reply(this.#desk, player, "your lines come too fast; wait a little");
    }
    switch (command.kind) {
      case "usage":
        return await reply(this.#desk, player, command.usage);
      case "players":
        return await reply(this.#desk, player, this.#players());
      case "msg":
        return await reply(this.#desk, player, await this.#send(player, command.to, command.text));
    }
  }

  /** What the sender is told. */
  async #send(player: GamePlayer, to: PlayerQuery, text: string): Promise<string> {
    const { node, mutes, clock } = this.#desk;
    const name = safeName(player.name) ?? "?";
    if (mutes.isMuted(name, node.name, clock.date()) !== undefined) return "you are muted";
    const found = findPlayer(this.#namesByServer(), to);
    if (found.kind !== "found") return notFound(to, found);
    try {
      const asked = { to: found.name, player: name, text };
      const options = { timeoutMs: TELL_TIMEOUT_MS };
      const outcome = await node.request(found.server, TELL_SERVICE, asked, options);
      return outcomeText(found, outcome);
    } catch (error) {
      if (!(error instanceof MeshError)) throw error;
      return `not shown: ${error.message}`;
    }
  }

  #players(): string {
    const { node } = this.#desk;
    const servers = node.game.servers().map(({ node: name, playerCount, players }) => {
      const names = players.length === 0 ? "" : `: ${players.join(", ")}`;
      return `${name} (${playerCount})${names}`;
    });
    const list = servers.join("; ");
    return cutLine(list, { bytesMax: LIST_BYTES_MAX, ellipsis: "…" });
  }

  #namesByServer(): Map<string, readonly string[]> {
    const { node } = this.#desk;
    const servers = node.game.servers().map(({ node: name, players }) => [name, players] as const);
    return new Map(servers);
  }
}

function notFound(
  { name, server }: PlayerQuery,
  found: Exclude<FoundPlayer, { kind: "found" }>,
): string {
  if (found.kind === "nobody") {
    return `nobody called ${name}${server === undefined ? "" : `@${server}`} plays anywhere`;
  }
  const more = found.more > 0 ? ` and ${found.more} more` : "";
  return `several are meant: ${found.candidates.join(", ")}${more}`;
}

function outcomeText({ server, name }: { server: string; name: string }, outcome: unknown): string {
  if (outcome === "sent") return `to ${name}@${server}: sent`;
  if (outcome === "unsupported") return `not shown: the game of ${server} has no private lines`;
  return `not shown: ${typeof outcome === "string" ? outcome.replaceAll("_", " ") : "no answer"}`;
}
