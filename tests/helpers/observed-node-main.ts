/**
 * A node, started on the config that its argument names, that says what it keeps: a line of JSON once it is ready, and
 * one for each line that it reads. See `observed-node.ts`.
 */

import { heapStats } from "bun:jsc";
import { ConfigError } from "../../mesh/config/config-error.ts";
import { readConfig } from "../../mesh/config/read-config.ts";
import type { Logger } from "../../mesh/log.ts";
import { MeshNode } from "../../mesh/mesh-node.ts";
import { Messaging } from "../../mesh/messaging/messaging.ts";
import type { Kept } from "./observed-node.ts";
import { silentLogger } from "./silent-logger.ts";

/** What one collection sets free may be what kept another thing. */
const COLLECTIONS = 3;
/** More would be a leak of the observer's. */
const ERRORS_MAX = 20;

const errors = new Set<string>();
const log: Logger = {
  ...silentLogger,
  error: (message) => {
    if (errors.size < ERRORS_MAX) errors.add(message);
  },
  child: () => log,
};

async function kept(node: MeshNode): Promise<Kept> {
  for (let done = 0; done < COLLECTIONS; done += 1) {
    Bun.gc(true);
    // What is told of the collected is told in a turn of its own.
    await Bun.sleep(1);
  }
  const { heapSize, extraMemorySize, objectCount, objectTypeCounts } = heapStats();
  const { endpoint, mesh, plugins, process } = node.status();
  const { messenger } = node;
  if (!(messenger instanceof Messaging)) throw new Error("it has another messenger");
  return {
    heapBytes: heapSize,
    extraBytes: extraMemorySize,
    objects: objectCount,
    types: objectTypeCounts,
    residentBytes: process.residentBytes,
    uncaughtErrors: process.uncaughtErrors,
    errors: [...errors],
    sizes: {
      ...messenger.sizes(),
      connections: endpoint.connections,
      pending: endpoint.pending,
      upgraded: endpoint.upgraded,
      heldBytes: endpoint.heldBytes,
      receivers: endpoint.receivers.length,
      plugins: plugins.length,
      peers: mesh?.peers.length ?? 0,
    },
  };
}

function say(line: unknown): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

const [, , configPath = ""] = process.argv;
const config = await readConfig({ path: configPath });
if (config instanceof ConfigError) throw config;
const node = await MeshNode.listen({ config, configPath, log });
const onUncaught = (error: unknown): void => node.onUncaught(error);
process.on("uncaughtException", onUncaught).on("unhandledRejection", onUncaught);
await node.loadPlugins();
say({ port: node.port, adminUrl: node.adminUrl });
for await (const chunk of process.stdin) {
  for (const _ of String(chunk).trimEnd().split("\n")) say(await kept(node));
}
