/** Bare Bun sockets that exchange one word at most: for what a connection itself costs. */

import type { Service } from "./measure.ts";

/** What either side sends where there is a round trip: CCP's start for `bench`, and its acceptance. */
const HELLO = Buffer.from([0, 0, 6, 1, ...Buffer.from("bench")]);
const WELCOME = Buffer.from([0, 0, 1, 1]);

export function serveConnections(): Service {
  let connections = 0;
  const listener = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open() {
        connections += 1;
      },
      data(socket) {
        socket.write(WELCOME);
      },
      close() {
        connections -= 1;
      },
    },
  });
  return { port: listener.port, connections: () => connections };
}

export interface OpenConnection {
  close(): Promise<unknown>;
}

/** Resolves once connected or, with `greet`, once the server has answered a first word. */
export async function openConnection(port: number, greet: boolean): Promise<OpenConnection> {
  const welcomed = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: {
      open(socket) {
        if (greet) socket.write(HELLO);
      },
      data: () => welcomed.resolve(),
      close: () => closed.resolve(),
    },
  });
  if (greet) await welcomed.promise;
  return {
    close() {
      socket.end();
      return closed.promise;
    },
  };
}
