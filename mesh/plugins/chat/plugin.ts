/** Chat between game servers. */

import {
  AdminProblem,
  definePlugin,
  type Plugin,
  type PluginNode,
  type SettingsReader,
} from "../../index.ts";
import { type Desk, newDesk } from "./desk.ts";
import { HISTORY_SERVICE } from "./late-lines.ts";
import { SHOWN_KEPT_EVERY_MS, TRACE_ENTRIES_MAX } from "./limits.ts";
import { MUTE_USAGE, MUTES_SERVICE, MUTES_TOPIC, MuteDesk } from "./mute-desk.ts";
import { openMutes } from "./mute-store.ts";
import { TELL_SERVICE } from "./private-lines.ts";
import { receiptTopicOf } from "./receipts.ts";
import { Relay } from "./relay.ts";
import { topicOf } from "./relay-line.ts";
import { readChatSettings } from "./settings.ts";
import { ShownFile } from "./shown-file.ts";

/** All that is wrong with `[chat]` stands in the reader's problems afterwards. */
export function checkChatSettings(settings: SettingsReader): void {
  readChatSettings(settings);
}

export const chatPlugin: Plugin = definePlugin({
  name: "chat",
  async setup(node) {
    const desk = newDesk(node, node.readSettings(readChatSettings));
    const files = { folder: await node.dataFolder(), log: node.log };
    const { store, entries } = await openMutes(files);
    await keepShown(node, desk, new ShownFile(files));
    const mutes = new MuteDesk(desk, store, entries);
    const relay = new Relay(desk);
    joinChannels(node, desk, relay);
    shareMutes(node, mutes);
    report(node, desk, relay);
    node.onUnload(() => store.saved());
  },
});

async function keepShown(node: PluginNode, desk: Desk, file: ShownFile): Promise<void> {
  const { shown, clock, settings } = desk;
  await file.recall(shown, clock.now());
  if (settings.historyLines > 0) node.every(SHOWN_KEPT_EVERY_MS, () => file.keep(shown));
  node.onUnload(() => file.keep(shown));
}

function joinChannels(node: PluginNode, { settings }: Desk, relay: Relay): void {
  const { receive, teamChannels, adminChannels } = settings;
  for (const channel of new Set([...receive, ...teamChannels, ...adminChannels])) {
    node.subscribe(topicOf(channel), (message) => relay.onMessage(channel, message));
  }
  node.game.onEvent((event) => relay.onGameEvent(event));
  // The game may be up already, where the plugin is loaded again.
  if (node.game.status?.state === "up") node.after(0, () => relay.lateLines.catchUp());
  node.onPeer(async ({ change, peer }) => {
    if (change === "up") await relay.lateLines.catchUpWith(peer.name);
  });
  node.subscribe(receiptTopicOf(node.name), (message) => relay.receipts.take(message));
  node.serve(HISTORY_SERVICE, ({ from, payload }) => relay.lateLines.answer(from, payload));
  node.serve(TELL_SERVICE, ({ from, payload }) => relay.privateLines.answer(from, payload));
}

function shareMutes(node: PluginNode, mutes: MuteDesk): void {
  node.subscribe(MUTES_TOPIC, (message) => mutes.takeChange(message));
  node.serve(MUTES_SERVICE, ({ from }) => mutes.answer(from));
  node.onPeer(async ({ change, peer }) => {
    if (change === "up") await mutes.askPeer(peer.name);
  });
  for (const { name } of node.peers()) node.after(0, () => mutes.askPeer(name));
  const by = `${node.name} (admin)`;
  node.onAdmin({
    method: "GET",
    path: "/api/chat/mutes",
    summary: "who is muted",
    answer: () => mutes.list(),
  });
  node.onAdmin({
    method: "POST",
    path: "/api/chat/mute",
    summary: MUTE_USAGE.replace(/^send /, ""),
    answer: ({ body }) => mutes.mute(body, by),
  });
  node.onAdmin({
    method: "POST",
    path: "/api/chat/unmute",
    summary: '{"who": "Bob", "Bob@server" or "@server"}',
    answer: ({ body }) => mutes.unmute(body, by),
  });
}

function report(node: PluginNode, { trace }: Desk, relay: Relay): void {
  node.onStatus(() => relay.status);
  node.onMetrics(() => [
    {
      name: "lines_total",
      type: "counter",
      help: "Decisions about lines of chat, by what became of them.",
      samples: Object.entries(trace.counts).map(([outcome, count]) => [{ outcome }, count]),
    },
  ]);
  node.onAdmin({
    method: "GET",
    path: "/api/chat/trace",
    summary: "?limit=N: the last lines of chat, and why each was shown or not",
    answer: ({ query }) => {
      const limit = Number(query.get("limit") ?? 100);
      if (!Number.isInteger(limit) || limit < 1 || limit > TRACE_ENTRIES_MAX) {
        throw new AdminProblem(400, `limit must be a whole number from 1 to ${TRACE_ENTRIES_MAX}`);
      }
      return trace.last(limit);
    },
  });
}
