/**
 * Two game servers on this machine, each with its node: what the player of one says is shown in the other. Ctrl-C stops
 * them. The games are toys; for real ones only `[game]` in the two configs differs.
 *
 *     bun run examples/two-games/main.ts
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const ROOT = join(import.meta.dir, "..", "..");

/** One of the cluster's own, as `openssl rand -hex 32` makes it. */
const SECRET = crypto.getRandomValues(new Uint8Array(32)).toHex();

const data = await mkdtemp(join(tmpdir(), "ccp-two-games-"));

function start(name: string, peers: readonly string[]) {
  const config = join(import.meta.dir, `${name}.ini`);
  const options = ["--config", config, "--data", join(data, name), ...peers];
  // The node starts its game with the `bun` that runs this.
  const path = `${dirname(process.execPath)}:${process.env["PATH"] ?? ""}`;
  return Bun.spawn([process.execPath, join(ROOT, "node.ts"), ...options], {
    cwd: ROOT,
    env: { ...process.env, CCP_MESH_SECRET: SECRET, PATH: path },
    // Ctrl-C is for this program, which tells the nodes.
    detached: true,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
}

/** Prints each line with the name of the node; resolves with where it listens. */
function show(name: string, output: ReadableStream<Uint8Array>): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  void (async () => {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of output) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        process.stdout.write(`${name} | ${line}\n`);
        const address = /\bccp=(\S+)/.exec(line)?.[1];
        if (address !== undefined) resolve(address);
      }
    }
    reject(new Error(`${name} ended before it listened`));
  })();
  return promise;
}

const surf = start("surf", []);
const bhop = start("bhop", ["--peer", await show("surf", surf.stdout)]);
await show("bhop", bhop.stdout);

const stopped = Promise.withResolvers<void>();
process.once("SIGINT", () => stopped.resolve()).once("SIGTERM", () => stopped.resolve());
await Promise.race([stopped.promise, surf.exited, bhop.exited]);
for (const node of [surf, bhop]) node.kill("SIGTERM");
await Promise.all([surf.exited, bhop.exited]);
await rm(data, { recursive: true, force: true });
