/** Prints what is relayed to the game beside this node, for who watches: the relay itself needs no plugin. */

import { definePlugin } from "ccp-mesh";

export default definePlugin({
  name: "two-games",
  setup(node) {
    node.subscribe("chat.global", ({ from, payload }) => {
      const line = textOf(payload);
      if (from !== node.name && line !== undefined) {
        node.log.info(`the players here read: [${from}] ${line}`);
      }
    });
  },
});

/** Who said what, of the envelope in which a line travels: see docs/GAMES.md. */
function textOf(envelope: unknown): string | undefined {
  const payload = field(envelope, "payload");
  const name = field(field(payload, "player"), "name");
  const text = field(payload, "text");
  return typeof name === "string" && typeof text === "string" ? `${name}: ${text}` : undefined;
}

function field(value: unknown, name: string): unknown {
  const entries = typeof value === "object" && value !== null ? Object.entries(value) : [];
  return entries.find(([key]) => key === name)?.[1];
}
