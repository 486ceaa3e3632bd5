/**
 * Admin chat, the script outside the game: asks for lines, sends each to the plugin, and says what
 * became of it. An empty line quits.
 *
 * Usage: bun run examples/admin-chat/client.ts [HOST:PORT]
 */

import { CcpError, parseAddress, RequestClient } from "ccp-mesh";

const target = process.argv[2] ?? "127.0.0.1:28080";

let client: RequestClient | undefined;

async function connect(): Promise<RequestClient> {
  const { host, port } = parseAddress(target, 28080);
  const connected = await RequestClient.connect({ host, port, plugin: "ccp_admin_chat" });
  client = connected;
  // The node may restart, or end what is silent, between two lines.
  void connected.over.then(() => {
    if (client === connected) client = undefined;
  });
  return connected;
}

/** Sends one line; dials again if the communication ended since the last one. */
async function say(line: string): Promise<void> {
  const reply = (await request(line)).toString();
  console.log(reply === "OK" ? "Delivered." : `Failed: the plugin said "${reply}".`);
}

async function request(line: string): Promise<Buffer> {
  const connected = client ?? (await connect());
  try {
    return await connected.request(line);
  } catch (error) {
    // It ended in this very moment, and nothing was sent.
    if (!(error instanceof CcpError) || error.code !== "communication_ended") throw error;
    return await (await connect()).request(line);
  }
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

try {
  await connect();
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
    await say(line);
  } catch (error) {
    console.log(`Failed: ${explain(error)}`);
  }
  process.stdout.write(prompt);
}
await client?.close();
