import { readFile } from "node:fs/promises";

const TABLES = ["/proc/self/net/tcp", "/proc/self/net/tcp6"];

/** As the kernel writes it: this side has ended, and the other one's system has acknowledged that, and all before it. */
const FIN_WAIT_2 = "05";

export interface ConnectionPorts {
  readonly localPort: number;
  readonly remotePort: number;
}

/**
 * Whether the other side's system has all of a connection that this side has ended, and the other one has not. Linux
 * tells; elsewhere nobody knows, and it is `false`.
 */
export async function isAcknowledged(
  { localPort, remotePort }: ConnectionPorts,
  tables: readonly string[] = TABLES,
): Promise<boolean> {
  const texts = await Promise.all(tables.map((table) => readFile(table, "utf8").catch(() => "")));
  const states = texts
    .flatMap((text) => text.split("\n").slice(1))
    .map((row) => row.trim().split(/\s+/u))
    .filter(([, local, remote]) => portOf(local) === localPort && portOf(remote) === remotePort)
    .map(([, , , state]) => state);
  // One that shares both ports goes to another host; which is which need not be found out.
  return states.length > 0 && states.every((state) => state === FIN_WAIT_2);
}

function portOf(address: string | undefined): number {
  return Number.parseInt(address?.split(":").at(-1) ?? "", 16);
}
