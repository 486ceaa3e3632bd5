/**
 * Two nodes with a link between them, in two processes: node `b` serves in the child, node `a` runs in the
 * parent for as long as a run takes. What is measured goes through a plugin on each.
 */

import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError } from "../mesh/config/config-error.ts";
import { readConfig } from "../mesh/config/read-config.ts";
import type { PluginNode } from "../mesh/index.ts";
import { createLogger } from "../mesh/log.ts";
import { MeshNode } from "../mesh/mesh-node.ts";
import { nextHandedOver } from "./handed-over.ts";
import type { Server, Service } from "./measure.ts";

/** The node that serves. */
export const SERVING = "b";

/** Between two processes of one user on the loopback interface, for seconds. */
const SECRET = "qV7-2mwX_r94kTz1HbLd";

const PLUGIN = Bun.fileURLToPath(new URL("./plugins/measured.ts", import.meta.url));

/** A node `b`, as `serve` of a contender makes it; `setup` is its plugin's. */
export async function serveNode(setup: (node: PluginNode) => void): Promise<Service> {
  const { meshNode, node } = await startNode(SERVING, "");
  setup(node);
  return { port: meshNode.port, connections: () => meshNode.status().endpoint.connections };
}

/** A run on node `a`, once its link with node `b` is up. */
export async function runOnNode<Figures>(
  { port }: Server,
  run: (node: PluginNode) => Promise<Figures>,
): Promise<Figures> {
  const { meshNode, node } = await startNode("a", `peers = 127.0.0.1:${port}`);
  try {
    await untilLinked(node);
    return await run(node);
  } finally {
    await meshNode.stop();
  }
}

interface StartedNode {
  readonly meshNode: MeshNode;
  readonly node: PluginNode;
}

async function startNode(name: string, peers: string): Promise<StartedNode> {
  const text = `
[server]
host = 127.0.0.1
port = 0
[node]
name = ${name}
data = ${join(tmpdir(), "ccp-mesh-bench", name)}
[mesh]
cluster = bench
secret = ${SECRET}
${peers}
[admin]
port = 0
[plugins]
load = ${PLUGIN}
`;
  const path = "bench.ini";
  const config = await readConfig({ path, text });
  if (config instanceof ConfigError) throw config;
  const log = createLogger({ level: "warn", format: "text", write: (line) => console.error(line) });
  const handedOver = nextHandedOver();
  const meshNode = await MeshNode.listen({ config, configPath: path, log });
  await meshNode.loadPlugins();
  return { meshNode, node: await handedOver };
}

async function untilLinked(node: PluginNode): Promise<void> {
  const linked = Promise.withResolvers<void>();
  const listening = node.onPeer(() => linked.resolve());
  if (node.peers().length === 0) await linked.promise;
  listening.remove();
}
