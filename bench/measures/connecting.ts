/**
 * Connections set up per second, until the server has accepted them all. For ccp-mesh that is
 * connecting, asking for a communication and being accepted, which takes a round trip: so a bare
 * connection with a round trip is the fair one to compare with, and a bare connection alone shows
 * what the question and its answer cost.
 */

import { RequestClient } from "../../src/index.ts";
import { type OpenConnection, openConnection, serveConnections } from "../bare-connections.ts";
import { PLUGIN } from "../ccp-endpoint.ts";
import { serveCcpEcho } from "../echo.ts";
import type { Measure, Server } from "../measure.ts";
import { connectionsWithin } from "../open-files.ts";
import { openMany, untilServerHas } from "../open-many.ts";

const CONNECTIONS = connectionsWithin(5000);

export function connecting({ bareRoundTrip }: { readonly bareRoundTrip: boolean }): Measure {
  const name = `accepts (bare: connect ${bareRoundTrip ? "and a round trip" : "alone"})`;
  return {
    name,
    rows: [{ label: name, unit: "connections/s" }],
    ccp: {
      serve: serveCcpEcho,
      run: (server) =>
        connectionsPerSecond(server, () =>
          RequestClient.connect({ host: "127.0.0.1", port: server.port, plugin: PLUGIN }),
        ),
    },
    bare: {
      serve: serveConnections,
      run: (server) =>
        connectionsPerSecond(server, () => openConnection(server.port, bareRoundTrip)),
    },
  };
}

async function connectionsPerSecond(
  server: Server,
  openOne: () => Promise<OpenConnection>,
): Promise<readonly number[]> {
  const sinceMs = performance.now();
  const opened = await openMany(CONNECTIONS, openOne);
  await untilServerHas(server, CONNECTIONS);
  const seconds = (performance.now() - sinceMs) / 1000;
  await Promise.all(opened.map((connection) => connection.close()));
  await untilServerHas(server, 0);
  return [CONNECTIONS / seconds];
}
