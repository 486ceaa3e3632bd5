/**
 * An external application that runs an endpoint of its own, so that game servers can call it. It
 * prints what they tell, and answers each line.
 *
 * Usage: bun run examples/outbound/application.ts [PORT]
 */

import { CcpError, Endpoint, formatAddress, RawReceiver } from "ccp-mesh/ccp";

class Scoreboard extends RawReceiver {
  override onDataReceived(data: Buffer): void {
    console.log(`${formatAddress(this.address)} ${data.toString()}`);
    this.sendData(`noted: ${data.toString()}`);
  }

  override onClosed(reason: string): void {
    console.log(`${formatAddress(this.address)} is gone (${reason})`);
  }
}

async function listen(): Promise<Endpoint> {
  try {
    return await Endpoint.listen({
      hostname: "127.0.0.1",
      port: Number(process.argv[2] ?? 28070),
      // Who may call: here, this machine. Name the game servers' addresses instead.
      whitelist: ["localhost"],
    });
  } catch (error) {
    if (!(error instanceof CcpError)) throw error;
    console.error(`Failed: ${error.message}`);
    process.exit(1);
  }
}

const endpoint = await listen();
endpoint.onRaw("scoreboard", Scoreboard);
process.once("SIGTERM", () => void endpoint.close().then(() => process.exit(0)));
console.log(`listening on ${endpoint.hostname}:${endpoint.port}`);
