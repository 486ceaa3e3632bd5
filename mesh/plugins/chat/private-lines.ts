/** Private lines between players of different servers. What they say stands in no trace. */

import * as v from "valibot";
import { cutLine, type GamePlayer, MeshError } from "../../index.ts";
import type { Desk } from "./desk.ts";
import type { EchoVerdict } from "./echo-guard.ts";
import { findPlayer, type PlayerQuery } from "./find-player.ts";
import { NAME_BYTES_MAX } from "./limits.ts";
import { isOutcome, type Outcome, outcomeOfSaying } from "./outcome.ts";
import { notFoundText, notReachedText, outcomeText } from "./private-texts.ts";
import { safeName, safeText } from "./safe-chat.ts";

export const TELL_SERVICE = "chat.tell";

const TELL_TIMEOUT_MS = 5000;

const Private = v.object({
  id: v.pipe(v.string(), v.maxLength(64)),
  to: v.pipe(v.string(), v.maxLength(1000)),
  player: v.pipe(v.string(), v.maxLength(1000)),
  text: v.pipe(v.string(), v.maxLength(4000)),
});

export interface LineToSend {
  readonly player: string;
  readonly to: PlayerQuery;
  readonly text: string;
  /** What the echo guard says of the command. */
  readonly verdict: EchoVerdict;
}

export interface SentLine {
  readonly isShown: boolean;
  /** What the sender is told. */
  readonly text: string;
}

/** Of a private line, what the trace has. */
interface Addressed {
  readonly id: string;
  readonly from: { readonly node: string; readonly player: string };
  /** The node. */
  readonly to: string;
  /** To whom it is written, as in a command. */
  readonly address: string;
}

export class PrivateLines {
  readonly #desk: Desk;

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  /** Of a player here, for one anywhere. */
  async send({ player, to, text, verdict }: LineToSend): Promise<SentLine> {
    const { node, settings } = this.#desk;
    const from = { node: node.name, player };
    const filtered = settings.filters.applyToLine({ player, team: "", text });
    const found = findPlayer(this.#namesByServer(), to);
    const address = found.kind === "found" ? `${found.name}@${found.server}` : to.name;
    const line = { id: "", from, to: node.name, address };
    const refused = this.#refusalOf(player);
    if (refused !== undefined || filtered.kind === "drop") {
      const outcome = refused ?? "filtered";
      this.#note(line, outcome);
      return sentLine(outcome, { server: node.name, name: to.name });
    }
    if (found.kind !== "found") {
      this.#note(line, "command");
      return { isShown: false, text: notFoundText(to, found) };
    }
    if (verdict !== "pass") {
      this.#note(line, verdict);
      return sentLine(verdict, found);
    }
    const id = Bun.randomUUIDv7();
    this.#note({ ...line, id }, "sent");
    const { line: passed } = filtered;
    const asked = { id, to: found.name, player: passed.player, text: passed.text };
    return await this.#ask(found, { ...line, id, to: found.server }, asked);
  }

  async #ask(
    found: { readonly server: string; readonly name: string },
    line: Addressed,
    asked: v.InferInput<typeof Private>,
  ): Promise<SentLine> {
    const { node, trace } = this.#desk;
    const { server } = found;
    try {
      const options = { timeoutMs: TELL_TIMEOUT_MS };
      const answer = await node.request(server, TELL_SERVICE, asked, options);
      const outcome = isOutcome(answer) ? answer : "failed";
      // Counted by the node that has come to it.
      trace.resolve(line.id, server, outcome);
      return sentLine(outcome, found);
    } catch (error) {
      if (!(error instanceof MeshError)) throw error;
      node.log.debug("a private line did not get through", { to: server, error });
      this.#note(line, "failed");
      return { isShown: false, text: notReachedText(error.code, server) };
    }
  }

  /** A private line from elsewhere, for a player here. */
  async answer(from: string, asked: unknown): Promise<Outcome> {
    const { node, reads, clock, trace } = this.#desk;
    if (reads.take(from, from, clock.now()) !== "pass") {
      trace.count("server_rate");
      return "server_rate";
    }
    const question = v.safeParse(Private, asked);
    if (!question.success) {
      trace.count("bad_message");
      throw new MeshError(
        "remote_failure",
        "ask with {id: ID, to: NAME, player: NAME, text: TEXT}",
      );
    }
    const { id, to, text } = question.output;
    const player = safeName(question.output.player) ?? "?";
    const outcome = await this.#outcomeOf(from, { to, player, text: safeText(text) ?? "" });
    this.#note({ id, from: { node: from, player }, to: node.name, address: to }, outcome);
    return outcome;
  }

  async #outcomeOf(
    from: string,
    { to, player, text }: { readonly to: string; readonly player: string; readonly text: string },
  ): Promise<Outcome> {
    const { node, settings, mutes, clock, ratesElsewhere, echo } = this.#desk;
    if (!settings.privateMessages) return "not_received_here";
    const rate = ratesElsewhere.take(`${player}@${from}`, from, clock.now());
    if (rate !== "pass") return rate;
    if (text === "") return "empty";
    const target = this.#playerListedAs(to);
    if (target === undefined) return "player_left";
    if (mutes.isMuted(player, from, clock.date()) !== undefined) return "muted";
    const filtered = settings.filters.applyToLine({ player, team: "", text });
    if (filtered.kind === "drop") return "filtered";
    // A bot repeats in one game what was typed in another.
    const typed = { server: from, player, text: `to ${to}: ${text}`, written: text };
    const verdict = echo.checkCommand(typed, clock.now());
    if (verdict !== "pass") return verdict;
    // A bot in this game repeats what one player reads there.
    echo.remember({ server: from, player, text, isApart: true }, clock.now());
    const { line: passed } = filtered;
    const line = `[${from}] ${passed.player} to you: ${passed.text}`;
    const outcome = outcomeOfSaying(await node.game.tell(target, line));
    if (outcome !== "shown") echo.allowAgain(typed);
    return outcome;
  }

  /** Others know a name as far as it is listed. */
  #playerListedAs(to: string): GamePlayer | undefined {
    const players = this.#desk.node.game.status?.players ?? [];
    return (
      players.find(({ name }) => name === to) ??
      players.find(({ name }) => cutLine(name, { bytesMax: NAME_BYTES_MAX }) === to)
    );
  }

  /** Why the line stays here. */
  #refusalOf(player: string): Outcome | undefined {
    const { node, mutes, clock } = this.#desk;
    if (mutes.isMuted(player, node.name, clock.date()) !== undefined) return "muted";
    return undefined;
  }

  #namesByServer(): Map<string, readonly string[]> {
    const { node } = this.#desk;
    const servers = node.game.servers().map(({ node: name, players }) => [name, players] as const);
    return new Map(servers);
  }

  #note({ id, from, to, address }: Addressed, outcome: Outcome): void {
    const { trace, clock, settings } = this.#desk;
    const text = `${settings.commandPrefix}msg ${address}`;
    trace.note({ id, channel: "", from, to, text, outcome }, clock.date());
  }
}

function sentLine(outcome: Outcome, to: Parameters<typeof outcomeText>[1]): SentLine {
  return { isShown: outcome === "shown", text: outcomeText(outcome, to) };
}
