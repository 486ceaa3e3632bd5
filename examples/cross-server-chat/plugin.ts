/**
 * A chat between the terminals of several nodes: what is typed at one is read at all.
 *
 * In each terminal, with the same secret (make one with `openssl rand -hex 32`), and a name and a data
 * folder of its own:
 *
 *     export CCP_MESH_SECRET=...
 *     bun run node.ts --config examples/cross-server-chat/node.ini --name surf --data data/surf --port 28080
 *     bun run node.ts --config examples/cross-server-chat/node.ini --name bhop --data data/bhop --peer 127.0.0.1:28080
 *
 * `/who` lists who is there, `/msg NAME TEXT` says something to one node alone, Ctrl-C ends.
 */

import { createInterface } from "node:readline";
import { definePlugin, jsonOf, MeshError, type PluginNode } from "ccp-mesh";

export default definePlugin({
  name: "cross-server-chat",
  setup(node) {
    const show = (line: string): void => void process.stdout.write(`${shown(line)}\n`);

    node.subscribe("chat.global", ({ from, payload }) => {
      if (from !== node.name) show(`<${from}> ${textOf(payload)}`);
    });

    // A private line is a request: whoever sends it learns whether it was shown.
    node.serve("private-chat", ({ from, payload }) => {
      show(`<${from}, to you> ${textOf(payload)}`);
      return "shown";
    });

    node.onPeer(({ change, peer }) => {
      show(`* ${peer.name} ${change === "up" ? "is here" : "has gone"}`);
    });

    const terminal = createInterface({ input: process.stdin });
    terminal.on("line", (line) => void onLine(node, line.trim(), show));
    node.onUnload(() => terminal.close());
    show(`you are ${node.name}; type a line, /who, or /msg NAME TEXT`);
  },
});

async function onLine(node: PluginNode, line: string, show: (line: string) => void): Promise<void> {
  const [command, name = "", ...words] = line.split(" ");
  const names = node.peers().map((peer) => peer.name);
  if (line === "") return;
  try {
    if (command === "/who") {
      show(`* with you: ${names.join(", ") || "nobody"}`);
    } else if (command === "/msg" && !names.includes(name)) {
      show(`* not shown: "${name}" is not with you; /who lists who is`);
    } else if (command === "/msg") {
      const text = words.join(" ");
      await node.request(name, "private-chat", text, { timeoutMs: 5000 });
      show(`<you, to ${name}> ${text}`);
    } else {
      node.publish("chat.global", line);
    }
  } catch (error) {
    if (!(error instanceof MeshError)) throw error;
    show(`* not shown: ${error.message}`);
  }
}

/** What another program has sent may be any value, not only text. */
function textOf(payload: unknown): string {
  return typeof payload === "string" ? payload : JSON.stringify(jsonOf(payload));
}

/** One line, of letters alone: what others have written must not steer this terminal. */
function shown(line: string): string {
  return line.slice(0, 2000).replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, "\ufffd");
}
