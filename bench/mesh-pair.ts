/**
 * Two nodes with a link between them, in two processes: node `b` serves in the child, node `a` runs in the
 * parent for as long as a run takes. What is measured goes through a plugin on each.
 */

import type { PluginNode } from "../mesh/index.ts";
import { startNode } from "./bench-node.ts";
import type { Server, Service } from "./measure.ts";
import { ScratchFolder } from "./scratch.ts";

/** The node that serves. */
export const SERVING = "b";

/** A node `b`, as `serve` of a contender makes it; `setup` is its plugin's. */
export async function serveNode(
  setup: (node: PluginNode) => void | Promise<void>,
): Promise<Service> {
  const { path: folder } = new ScratchFolder();
  const { meshNode, node } = await startNode({ name: SERVING, folder });
  await setup(node);
  return { port: meshNode.port, connections: () => meshNode.status().endpoint.connections };
}

/** A run on node `a`, once its link with node `b` is up. */
export async function runOnNode<Figures>(
  { port }: Server,
  run: (node: PluginNode) => Promise<Figures>,
): Promise<Figures> {
  using folder = new ScratchFolder();
  const mesh = `peers = 127.0.0.1:${port}`;
  const { meshNode, node } = await startNode({ name: "a", folder: folder.path, mesh });
  try {
    await untilLinked(node);
    return await run(node);
  } finally {
    await meshNode.stop();
  }
}

async function untilLinked(node: PluginNode): Promise<void> {
  const linked = Promise.withResolvers<void>();
  const listening = node.onPeer(() => linked.resolve());
  if (node.peers().length === 0) await linked.promise;
  listening.remove();
}
