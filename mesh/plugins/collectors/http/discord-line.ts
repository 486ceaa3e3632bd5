/** An event as people read it in a channel. */

import type { Envelope } from "../../../index.ts";
import { discordText } from "./discord-text.ts";
import {
  DISCORD_NAME_CHARS_MAX,
  DISCORD_OTHER_CHARS_MAX,
  DISCORD_TEXT_CHARS_MAX,
} from "./limits.ts";

const NOBODY = "?";

/** Nothing for what has nothing to be seen. */
export function discordLine(envelope: Envelope): string {
  const server = nameText(envelope.node);
  const { type, payload } = envelope;
  if (type === "chat" || type === "game.chat") return chatLine(server, payload);
  const news = newsOf(envelope);
  return news === "" ? "" : `**[${server}]** ${news}`;
}

function chatLine(server: string, payload: Envelope["payload"]): string {
  const text = longText(payload["text"]);
  if (text === "") return "";
  const player = playerOf(payload);
  const audience = payload["audience"];
  const side = audience === "team" || audience === "admin" ? ` (${audience})` : "";
  return `**[${server}]${side}${player === NOBODY ? "" : ` ${player}`}**: ${text}`;
}

function newsOf({ type, payload }: Envelope): string {
  switch (type) {
    case "notice":
      return longText(payload["text"]);
    case "player.join":
      return `${playerOf(payload)} joined`;
    case "player.leave":
      return `${playerOf(payload)} left`;
    case "player.rename":
      return `${nameText(payload["before"])} is now ${playerOf(payload)}`;
    case "game.map":
      return `the map is ${nameText(payload["map"])}`;
    case "game.up":
      return typeof payload["map"] === "string"
        ? `the game is up, with the map ${nameText(payload["map"])}`
        : "the game is up";
    case "game.down":
      return `the game is down${withColon(longText(payload["reason"]))}`;
    case "game.console_up":
      return "lines reach the game again";
    default:
      return discordText(`${type} ${JSON.stringify(payload)}`, DISCORD_OTHER_CHARS_MAX);
  }
}

function withColon(text: string): string {
  return text === "" ? "" : `: ${text}`;
}

/** From a relay, an adapter, or an application that wrote the name alone. */
function playerOf({ player }: Envelope["payload"]): string {
  if (typeof player === "object" && player !== null && "name" in player) {
    return nameText(player.name);
  }
  return nameText(player);
}

function nameText(name: unknown): string {
  const text = typeof name === "string" ? discordText(name, DISCORD_NAME_CHARS_MAX) : "";
  return text === "" ? NOBODY : text;
}

function longText(text: unknown): string {
  return typeof text === "string" ? discordText(text, DISCORD_TEXT_CHARS_MAX) : "";
}
