import type { Server } from "./measure.ts";

/** Connections being opened at once; well below the usual length of a listener's queue. */
const BATCH = 64;

/** Calls `openOne` so many times, a batch at once; resolves with what it resolved with. */
export async function openMany<Opened>(
  count: number,
  openOne: () => Promise<Opened>,
): Promise<Opened[]> {
  const opened: Opened[] = [];
  let left = count;
  const keepOpening = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      opened.push(await openOne());
    }
  };
  await Promise.all(Array.from({ length: BATCH }, keepOpening));
  return opened;
}

/** Resolves once the server says that it has so many connections, no more and no fewer. */
export async function untilServerHas(server: Server, connections: number): Promise<void> {
  while ((await server.status()).connections !== connections) await Bun.sleep(1);
}
