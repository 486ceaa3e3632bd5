/**
 * One seat at the shared console. What you type goes to everyone; an empty line leaves.
 *
 * Usage: bun run examples/raw-console/client.ts [HOST:PORT]
 */

import { CcpError, parseAddress, RawClient } from "ccp-mesh";

async function show(client: RawClient): Promise<void> {
  for await (const data of client) {
    console.log(data.toString());
  }
}

async function type(client: RawClient): Promise<void> {
  for await (const line of console) {
    if (line === "") {
      break;
    }
    client.send(line);
  }
}

try {
  const { host, port } = parseAddress(process.argv[2] ?? "127.0.0.1:28080", 28080);
  const client = await RawClient.connect({ host, port, plugin: "console" });
  const left = type(client).then(() => "left");
  const closed = show(client).then(() => "closed");
  if ((await Promise.race([left, closed])) === "closed") {
    console.log("The console was closed.");
  }
  await client.close();
  process.exit(0);
} catch (error) {
  console.error(error instanceof CcpError ? `Failed: ${error.message}` : error);
  process.exit(1);
}
