/**
 * Admin chat, the script outside the game: asks for lines, sends each to the plugin, and says what
 * became of it. An empty line quits.
 *
 * Usage: bun run examples/admin-chat/client.ts [HOST:PORT]
 */

import { CcpError, parseAddress, RequestClient } from "ccp-mesh";

const target = process.argv[2] ?? "127.0.0.1:28080";

async function connect(): Promise<RequestClient> {
  const { host, port } = parseAddress(target, 28080);
  return RequestClient.connect({ host, port, plugin: "ccp_admin_chat" });
}

/** Sends one line; dials again if the communication ended since the last one. */
async function say(client: RequestClient | undefined, line: string): Promise<RequestClient> {
  const connected = client ?? (await connect());
  const reply = (await connected.request(line)).toString();
  console.log(reply === "OK" ? "Delivered." : `Failed: the plugin said "${reply}".`);
  return connected;
}

function explain(error: unknown): string {
  if (!(error instanceof CcpError)) {
    throw error;
  }
  switch (error.code) {
    case "connection_refused":
      return `nothing listens on ${target}. Start the node, then try again.`;
    case "nobody_home":
      return "the plugin is not loaded on that node. Load it, then type the line again.";
    default:
      return error.message;
  }
}

let client: RequestClient | undefined;
try {
  client = await connect();
} catch (error) {
  console.error(`Failed: ${explain(error)}`);
  process.exit(1);
}

const prompt = "Message (empty to quit): ";
process.stdout.write(prompt);
for await (const line of console) {
  if (line === "") {
    break;
  }
  try {
    client = await say(client, line);
  } catch (error) {
    console.log(`Failed: ${explain(error)}`);
    client = undefined;
  }
  process.stdout.write(prompt);
}
await client?.close();
