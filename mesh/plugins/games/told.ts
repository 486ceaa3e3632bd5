/** What happens in the game, told to the mesh: on topics, and as presence. */

import {
  cutLine,
  type Envelope,
  type GameEvent,
  type GameStatus,
  newEnvelope,
  type PresenceState,
} from "../../index.ts";
import { PRESENCE_NAME_BYTES_MAX, PRESENCE_NAMES_MAX } from "./limits.ts";

const TOPICS: Readonly<Record<GameEvent["type"], string>> = {
  up: "game.up",
  down: "game.down",
  console_up: "game.console_up",
  map: "game.map",
  chat: "game.chat",
  join: "player.join",
  leave: "player.leave",
  rename: "player.rename",
};

/** The event as it is published; its type is the topic. */
export function envelopeOf(node: string, game: string, event: GameEvent): Envelope {
  const { type, ...rest } = event;
  const topic = TOPICS[type];
  return newEnvelope({ topic, node, type: topic, payload: { game, ...definedOf(rest) } });
}

/** What the node says of its game; without one that is up, only which game it is. */
export function presenceOf({ game, state, map, players }: GameStatus): PresenceState {
  if (state !== "up") return { game };
  const names = players
    .slice(0, PRESENCE_NAMES_MAX)
    .map(({ name }) => cutLine(name, { bytesMax: PRESENCE_NAME_BYTES_MAX }));
  return { game, map, playerCount: players.length, players: names };
}

function definedOf(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
