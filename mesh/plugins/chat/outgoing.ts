/** From the game to the other nodes. */

import {
  type ChatAudience,
  type Envelope,
  type GameEvent,
  type GamePlayer,
  newEnvelope,
} from "../../index.ts";
import type { Desk } from "./desk.ts";
import type { Outcome } from "./outcome.ts";
import type { Asker } from "./player-commands.ts";
import { type LineType, payloadOf, type RelayLine, topicOf } from "./relay-line.ts";
import { reply } from "./reply.ts";
import { safeName, safeText } from "./safe-chat.ts";

type ChatEvent = Extract<GameEvent, { readonly type: "chat" }>;

/** Where nothing of a name can be shown. */
const NOBODY = "?";

/** No player's name: nothing of it could be shown. */
const GAME = "\0";

type SaidHere = Omit<RelayLine, "id" | "type">;

export interface OutgoingOptions {
  readonly desk: Desk;
  /** Takes what is meant for the relay itself, and traces it; answers whether it was. */
  readonly takeCommand: (asker: Asker, text: string) => boolean;
}

export class Outgoing {
  readonly #desk: Desk;
  readonly #takeCommand: OutgoingOptions["takeCommand"];

  constructor({ desk, takeCommand }: OutgoingOptions) {
    this.#desk = desk;
    this.#takeCommand = takeCommand;
  }

  take(event: GameEvent): void {
    if (event.type === "chat") this.#takeChat(event);
    else this.#announce(event);
  }

  #takeChat(event: ChatEvent): void {
    const line: SaidHere = {
      audience: event.audience,
      player: safeName(event.player.name) ?? NOBODY,
      team: safeName(event.player.team ?? "") ?? "",
      text: safeText(event.text) ?? "",
    };
    const { player, text } = line;
    const isIgnored = this.#desk.settings.ignorePlayers.has(player.toLowerCase());
    const asker = { player: event.player, name: player };
    if (text !== "" && !isIgnored && this.#takeCommand(asker, text)) return;
    const channels = this.#channelsFor(event.audience);
    const [firstChannel = ""] = channels;
    const refused = this.#refusalOf(line, channels, isIgnored);
    if (refused !== undefined) {
      this.#note("", firstChannel, line, refused);
      if (refused === "player_rate" || refused === "server_rate") this.#giveNotice(event.player);
      return;
    }
    const filtered = this.#desk.settings.filters.applyToLine(line);
    if (filtered.kind === "drop") this.#note("", firstChannel, line, "filtered");
    else this.#send("chat", { ...filtered.line, said: line }, channels);
  }

  /** Why the line stays here, but for the filters. */
  #refusalOf(
    { player, text }: SaidHere,
    channels: readonly string[],
    isIgnored: boolean,
  ): Outcome | undefined {
    const { node, clock, echo, mutes, rates, looks } = this.#desk;
    if (text === "") return "empty";
    if (channels.length === 0) return "not_sent_here";
    const look = looks.take(player, node.name, clock.now());
    if (look !== "pass") return look;
    const said = { server: node.name, player, text };
    if (isIgnored) {
      echo.remember(said, clock.now());
      return "ignored_player";
    }
    if (mutes.isMuted(player, node.name, clock.date()) !== undefined) {
      echo.remember(said, clock.now());
      return "muted";
    }
    const verdict = echo.check(said, clock.now());
    if (verdict !== "pass") return verdict;
    const rate = rates.take(player, node.name, clock.now());
    return rate === "pass" ? undefined : rate;
  }

  #channelsFor(audience: ChatAudience): readonly string[] {
    const { send, teamChannels, adminChannels } = this.#desk.settings;
    switch (audience) {
      case "all":
        return send;
      case "team":
        return teamChannels;
      case "admin":
        return adminChannels;
    }
  }

  /** Where a server is on several channels, it sees the line once: all of them have the same id. */
  #send(
    type: LineType,
    { said, ...line }: SaidHere & { readonly said: Pick<SaidHere, "player" | "text"> },
    channels: readonly string[],
  ): void {
    const { node, settings, clock, echo, sent, history } = this.#desk;
    const { player, team } = line;
    const game = node.game.status?.game ?? "";
    const draft = newEnvelope({ topic: "", node: node.name, type, payload: {} });
    sent.add(draft.id, clock.now());
    for (const channel of channels) {
      const parts = { server: node.name, player, text: line.text, channel, team };
      const text = type === "chat" ? settings.outgoing.apply(parts) : line.text;
      // As it was said it is remembered already; elsewhere a bot sees it so.
      if (text !== said.text || player !== said.player) {
        echo.remember({ server: node.name, player, text }, clock.now());
      }
      const payload = payloadOf(game, { ...line, text });
      const outcome = this.#publish({ ...draft, topic: topicOf(channel), payload });
      this.#note(draft.id, channel, line, outcome);
      const past = { id: draft.id, atMs: clock.now(), server: node.name, player, text };
      if (outcome === "sent" && line.audience === "all") history.add(channel, past);
    }
  }

  #publish(envelope: Envelope): Outcome {
    const { node } = this.#desk;
    try {
      node.publish(envelope.topic, envelope);
      return "sent";
    } catch (error) {
      node.log.warn("a line of chat could not be published", { error });
      return "failed";
    }
  }

  #announce(event: Exclude<GameEvent, ChatEvent>): void {
    const { node, settings, clock, rates } = this.#desk;
    const text = announcementOf(event);
    const isWanted = [...settings.announce].some((type) => type === event.type);
    const [firstChannel] = settings.send;
    if (!isWanted || text === undefined || firstChannel === undefined) return;
    const line: SaidHere = { audience: "all", player: "", team: "", text };
    const filtered = settings.filters.applyToLine(line);
    if (filtered.kind === "drop") return this.#note("", firstChannel, line, "filtered");
    // Whether the game is there must be told also where many come or go at once.
    const isOfGame = event.type === "up" || event.type === "down";
    const rate = rates.take(isOfGame ? GAME : "", node.name, clock.now());
    if (rate !== "pass") return this.#note("", firstChannel, line, rate);
    this.#send("notice", { ...filtered.line, said: filtered.line }, settings.send);
  }

  #giveNotice(player: GamePlayer): void {
    const { settings, clock, rates } = this.#desk;
    const name = safeName(player.name) ?? NOBODY;
    if (!settings.rateNotice || !rates.isNoticeDue(name, clock.now())) return;
    const seconds = Math.round(settings.rates.periodMs / 1000);
    const text = `your lines come too fast, and are not seen on the other servers; wait ${seconds} s`;
    void reply(this.#desk, player, text);
  }

  #note(id: string, channel: string, line: SaidHere, outcome: Outcome): void {
    const { node, trace, clock } = this.#desk;
    const from = { node: node.name, player: line.player };
    trace.note({ id, channel, from, to: node.name, text: line.text, outcome }, clock.date());
  }
}

/** As others read it behind the server's name. */
function announcementOf(event: Exclude<GameEvent, ChatEvent>): string | undefined {
  switch (event.type) {
    case "join":
      return safeText(`${safeName(event.player.name) ?? NOBODY} joined`);
    case "leave":
      return safeText(`${safeName(event.player.name) ?? NOBODY} left`);
    case "map":
      return safeText(`the map is ${event.map}`);
    case "up":
      return "the game is up";
    case "down":
      return "the game is down";
    case "console_up":
    case "rename":
      return undefined;
  }
}
