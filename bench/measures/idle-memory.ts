/** What the server's memory grows by for each connection that is open and says nothing. */

import { RequestClient } from "../../src/index.ts";
import { type OpenConnection, openConnection, serveConnections } from "../bare-connections.ts";
import { PLUGIN } from "../ccp-endpoint.ts";
import { serveCcpEcho } from "../echo.ts";
import type { Measure, Server } from "../measure.ts";
import { connectionsWithin } from "../open-files.ts";
import { openMany, untilServerHas } from "../open-many.ts";

const CONNECTIONS = connectionsWithin(5000);

export const idleMemory: Measure = {
  name: "idle memory",
  rows: [
    {
      label: `idle memory per connection, ${CONNECTIONS} open`,
      unit: "bytes",
      target: { atMost: 2 },
    },
  ],
  // What an earlier run used and freed would hide what connections take.
  freshServers: true,
  ccp: {
    serve: serveCcpEcho,
    run: (server) =>
      bytesPerConnection(server, () =>
        RequestClient.connect({ host: "127.0.0.1", port: server.port, plugin: PLUGIN }),
      ),
  },
  bare: {
    serve: serveConnections,
    run: (server) => bytesPerConnection(server, () => openConnection(server.port, false)),
  },
};

async function bytesPerConnection(
  server: Server,
  openOne: () => Promise<OpenConnection>,
): Promise<readonly number[]> {
  // As many come and go first: what is paid once, compiled code above all, is not shared out. With
  // none left open, what they used goes back to the system before the first look.
  await openMany(CONNECTIONS, async () => await (await openOne()).close());
  await untilServerHas(server, 0);
  const before = await server.status({ collect: true });
  const open = await openMany(CONNECTIONS, openOne);
  await untilServerHas(server, CONNECTIONS);
  const after = await server.status({ collect: true });
  await Promise.all(open.map((connection) => connection.close()));
  return [(after.rssBytes - before.rssBytes) / CONNECTIONS];
}
