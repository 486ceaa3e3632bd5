import { lookup } from "node:dns/promises";
import { BlockList, isIPv6 } from "node:net";

/** Whether what comes from an address comes from the game. */
export interface Sender {
  is(address: string): boolean;
}

/**
 * The addresses of a host, as they are now. IPv4 addresses that are written as IPv6 are the same, and what comes from
 * this machine comes from any of its loopback addresses.
 *
 * @throws if it has none
 */
export async function resolveSender(host: string): Promise<Sender> {
  const list = new BlockList();
  for (const { address } of await lookup(host, { all: true })) {
    list.addAddress(address, familyOf(address));
    if (!isLoopback(address)) continue;
    list.addSubnet("127.0.0.0", 8);
    list.addAddress("::1", "ipv6");
  }
  return { is: (address) => list.check(address, familyOf(address)) };
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIPv6(address) ? "ipv6" : "ipv4";
}

export function isLoopback(address: string): boolean {
  return address === "::1" || address.startsWith("127.");
}
