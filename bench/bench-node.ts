/** A node in this process, and what the plugin of the measures sees of it. */

import { ConfigError } from "../mesh/config/config-error.ts";
import { readConfig } from "../mesh/config/read-config.ts";
import type { PluginNode } from "../mesh/index.ts";
import { createLogger } from "../mesh/log.ts";
import { MeshNode } from "../mesh/mesh-node.ts";
import { nextHandedOver } from "./handed-over.ts";

/** Between two processes of one user on the loopback interface, for seconds. */
const SECRET = "qV7-2mwX_r94kTz1HbLd";

const PLUGIN = Bun.fileURLToPath(new URL("./plugins/measured.ts", import.meta.url));

export interface StartedNode {
  readonly meshNode: MeshNode;
  readonly node: PluginNode;
}

export interface BenchNodeOptions {
  readonly name: string;
  /** What it keeps on the disk. */
  readonly folder: string;
  /** More lines of `[mesh]`. */
  readonly mesh?: string;
  /** More sections. */
  readonly sections?: string;
}

export async function startNode(options: BenchNodeOptions): Promise<StartedNode> {
  const { name, folder, mesh = "", sections = "" } = options;
  const text = `
[server]
host = 127.0.0.1
port = 0
[node]
name = ${name}
data = ${folder}
[mesh]
cluster = bench
secret = ${SECRET}
${mesh}
[admin]
port = 0
[plugins]
load = ${PLUGIN}
${sections}
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
