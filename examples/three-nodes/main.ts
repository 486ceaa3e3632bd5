/**
 * Starts three nodes on this machine. Only the first is named to the others: they find each other, and
 * each greets each. Ctrl-C stops them.
 *
 *     bun run examples/three-nodes/main.ts
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "..", "..");
const CONFIG = join(import.meta.dir, "node.ini");

/** One of the cluster's own, as `openssl rand -hex 32` makes it. */
const SECRET = crypto.getRandomValues(new Uint8Array(32)).toHex();

const data = await mkdtemp(join(tmpdir(), "ccp-three-nodes-"));

interface StartedNode {
  /** Where the others can reach it. */
  readonly address: Promise<string>;
  readonly exited: Promise<number>;
  stop(): void;
}

function start(name: string, seed: readonly string[]): StartedNode {
  const options = ["--config", CONFIG, "--name", name, "--data", join(data, name)];
  const child = Bun.spawn([process.execPath, join(ROOT, "node.ts"), ...options, ...seed], {
    env: { ...process.env, CCP_MESH_SECRET: SECRET },
    // Ctrl-C is for this program, which tells the nodes.
    detached: true,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
  const address = Promise.withResolvers<string>();
  void show(name, child.stdout, (line) => {
    const listening = /\bccp=(\S+)/.exec(line);
    if (listening?.[1] !== undefined) address.resolve(listening[1]);
  }).then(() => address.reject(new Error(`${name} ended before it listened`)));
  return { address: address.promise, exited: child.exited, stop: () => child.kill("SIGTERM") };
}

/** Prints each line with the name of the node. */
async function show(
  name: string,
  output: ReadableStream<Uint8Array>,
  onLine: (line: string) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of output) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      process.stdout.write(`${name.padEnd(6)}| ${line}\n`);
      onLine(line);
    }
  }
}

const first = start("surf", []);
const peer = ["--peer", await first.address];
const nodes = [first, start("bhop", peer), start("jail", peer)];

const stopped = Promise.withResolvers<void>();
process.once("SIGINT", () => stopped.resolve()).once("SIGTERM", () => stopped.resolve());
await Promise.race([stopped.promise, ...nodes.map(({ exited }) => exited)]);
for (const node of nodes) node.stop();
await Promise.all(nodes.map(({ exited }) => exited));
await rm(data, { recursive: true, force: true });
