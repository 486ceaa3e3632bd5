import { Endpoint } from "../src/index.ts";
import { fail } from "./fail.ts";
import type { Service } from "./measure.ts";

/** More connections than any measure opens. */
const CONNECTIONS_MAX = 1_000_000;

/** The name of the one receiver that a measure registers. */
export const PLUGIN = "bench";

/** An endpoint of ccp-mesh with the receiver that `register` gives it, and no cap on connections. */
export async function serveCcp(register: (endpoint: Endpoint) => void): Promise<Service> {
  const endpoint = await Endpoint.listen({
    hostname: "127.0.0.1",
    port: 0,
    limits: {
      connectionsMax: CONNECTIONS_MAX,
      connectionsPerAddressMax: CONNECTIONS_MAX,
      pendingMax: CONNECTIONS_MAX,
      pendingPerAddressMax: CONNECTIONS_MAX,
    },
    onReceiverError: fail,
    onInternalError: fail,
  });
  register(endpoint);
  return { port: endpoint.port, connections: () => endpoint.status().connections };
}
