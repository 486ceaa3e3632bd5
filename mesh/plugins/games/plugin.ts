/** The game beside the node: heard, spoken to, and told of on the mesh. */

import {
  definePlugin,
  type Plugin,
  type PluginNode,
  type SettingsReader,
  SYSTEM_CLOCK,
} from "../../index.ts";
import { PRESENCE_DELAY_MS } from "./limits.ts";
import { type GameSettings, readGameSettings } from "./settings.ts";
import { GameSupervisor } from "./supervisor.ts";
import { envelopeOf, presenceOf } from "./told.ts";

/** Beyond the time the game has to end: for what is not waiting. */
const STOP_MARGIN_MS = 1000;

/** All that is wrong with `[game]` stands in the reader's problems afterwards. */
export function checkGameSettings(settings: SettingsReader): void {
  readGameSettings(settings);
}

export const gamePlugin: Plugin = definePlugin({
  name: "game",
  setup(node) {
    const settings = node.readSettings(readGameSettings);
    if (settings !== undefined) joinGame(node, settings);
  },
});

function joinGame(node: PluginNode, { preset, adapter, ignoredPlayers }: GameSettings): void {
  const { game, receiver } = adapter;
  const supervisor = new GameSupervisor({
    preset,
    adapter,
    log: node.log,
    clock: { ...SYSTEM_CLOCK, now: Date.now },
    onEvent: (event) => {
      if (event.type === "chat" && ignoredPlayers.has(event.player.name.toLowerCase())) return;
      const { topic, ...envelope } = envelopeOf(node.name, game, event);
      node.publish(topic, { ...envelope, topic });
      registration.emit(event);
      if (event.type !== "chat") presenceChanged();
    },
  });
  const registration = node.game.provide(supervisor);
  const presenceChanged = onceIn(node, PRESENCE_DELAY_MS, () => {
    node.presence.set(presenceOf(supervisor.status));
  });
  node.presence.set(presenceOf(supervisor.status));
  node.onStatus(() => supervisor.details);
  node.onMetrics(() => [
    {
      name: "up",
      type: "gauge",
      help: "1 while the game is joined.",
      samples: [[{ adapter: preset }, supervisor.status.state === "up" ? 1 : 0]],
    },
    {
      name: "console_up",
      type: "gauge",
      help: "1 while lines can be said in the game.",
      samples: [[{ adapter: preset }, supervisor.isSpokenTo ? 1 : 0]],
    },
    {
      name: "players",
      type: "gauge",
      help: "Players in the game.",
      samples: [[{ adapter: preset }, supervisor.status.players.length]],
    },
    {
      name: "events_total",
      type: "counter",
      help: "What was heard from the game, by type.",
      samples: Object.entries(supervisor.events).map(([type, count]) => [{ type }, count]),
    },
    {
      name: "said_total",
      type: "counter",
      help: "Lines for the game, by what became of them.",
      samples: Object.entries(supervisor.said).map(([outcome, count]) => [{ outcome }, count]),
    },
  ]);
  if (receiver !== undefined) node.onRaw(receiver.plugin, receiver.receiver);
  const { stopMs } = adapter;
  const unloading = stopMs === undefined ? {} : { graceMs: stopMs + STOP_MARGIN_MS };
  node.onUnload(() => supervisor.stop(), unloading);
  supervisor.start();
}

/** Calls made in quick succession are one, so much later. */
function onceIn(node: PluginNode, delayMs: number, act: () => void): () => void {
  let isDue = false;
  return () => {
    if (isDue || node.signal.aborted) return;
    isDue = true;
    node.after(delayMs, () => {
      isDue = false;
      act();
    });
  };
}
