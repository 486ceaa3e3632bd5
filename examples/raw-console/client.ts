/**
 * One seat at the shared console. What you type goes to everyone; an empty line leaves.
 *
 * Usage: bun run examples/raw-console/client.ts [HOST:PORT]
 */

import { CcpError, parseAddress, RawClient } from "ccp-mesh";

const { host, port } = parseAddress(process.argv[2] ?? "127.0.0.1:28080", 28080);

async function show(client: RawClient): Promise<void> {
  for await (const data of client) {
    console.log(data.toString());
  }
}

try {
  const client = await RawClient.connect({ host, port, plugin: "console" });
  const shown = show(client);
  for await (const line of console) {
    if (line === "") {
      break;
    }
    client.send(line);
  }
  await client.close();
  await shown;
} catch (error) {
  console.error(error instanceof CcpError ? `Failed: ${error.message}` : error);
  process.exit(1);
}
