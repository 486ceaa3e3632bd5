import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { FaultLane, type Faults } from "./fault-lane.ts";
import { seededRandom } from "./seeded-random.ts";

/** What is kept of one direction of one connection. */
const RECORDED_BYTES_MAX = 1024 * 1024;
const RECORDED_CONNECTIONS_MAX = 64;

export interface FaultProxyOptions {
  /** What the server sees the proxy at. */
  readonly localAddress?: string;
  /** Of the jitter. */
  readonly seed?: number;
}

/** What has passed on one connection. */
export interface Recording {
  readonly toServer: Buffer;
  readonly toClient: Buffer;
}

interface Passage {
  readonly client: Socket;
  readonly server: Socket;
  readonly lanes: readonly FaultLane[];
}

class Tape {
  readonly #chunks: Buffer[] = [];
  #bytes = 0;

  add(chunk: Buffer): void {
    if (this.#bytes >= RECORDED_BYTES_MAX) return;
    this.#chunks.push(Buffer.from(chunk.subarray(0, RECORDED_BYTES_MAX - this.#bytes)));
    this.#bytes += chunk.length;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }
}

/** A line between two programs of this machine that can be made as bad as lines are. */
export class FaultProxy implements AsyncDisposable {
  readonly port: number;
  /** Where new connections go. */
  targetPort: number;
  readonly #options: FaultProxyOptions;
  readonly #random: () => number;
  readonly #passages = new Set<Passage>();
  readonly #tapes: { readonly toServer: Tape; readonly toClient: Tape }[] = [];
  #server: Server | undefined;
  #toServer: Faults = {};
  #toClient: Faults = {};

  /** Listens on `port`, or a free one, of 127.0.0.1. */
  static async to(
    targetPort: number,
    options: FaultProxyOptions & { readonly port?: number } = {},
  ): Promise<FaultProxy> {
    const server = createServer({ allowHalfOpen: true });
    const proxy = new FaultProxy(await listening(server, options.port ?? 0), targetPort, options);
    proxy.#serve(server);
    return proxy;
  }

  private constructor(port: number, targetPort: number, options: FaultProxyOptions) {
    this.port = port;
    this.targetPort = targetPort;
    this.#options = options;
    this.#random = seededRandom(options.seed ?? 1);
  }

  /** Connections that are open, seen from here. */
  get connections(): number {
    return this.#passages.size;
  }

  /** The first connections, in the order in which they came. */
  get recordings(): Recording[] {
    return this.#tapes.map(({ toServer, toClient }) => ({
      toServer: toServer.bytes,
      toClient: toClient.bytes,
    }));
  }

  /** From now on, on every connection, instead of what held before. */
  fault(faults: { readonly toServer?: Faults; readonly toClient?: Faults }): void {
    this.#toServer = faults.toServer ?? {};
    this.#toClient = faults.toClient ?? {};
    for (const { lanes } of this.#passages) for (const lane of lanes) lane.pump();
  }

  /** As `fault`, the same in both directions. */
  faultBoth(faults: Faults): void {
    this.fault({ toServer: faults, toClient: faults });
  }

  heal(): void {
    this.fault({});
  }

  /** Sends RST to both sides of every connection. */
  reset(): void {
    for (const { client, server, lanes } of this.#passages) {
      for (const lane of lanes) lane.stop();
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
  }

  /** Sends RST to those who dialled; the other side hears nothing of it, and nothing any more. */
  resetClients(): void {
    for (const { client, lanes } of this.#passages) {
      for (const lane of lanes) lane.abandon();
      client.resetAndDestroy();
    }
  }

  /** Sends FIN to both sides of every connection. */
  close(): void {
    for (const { client, server } of this.#passages) {
      client.end();
      server.end();
    }
  }

  /** New connections are refused by the system. */
  refuse(): void {
    this.#server?.close();
    this.#server = undefined;
  }

  /** Takes new connections again. */
  async admit(): Promise<void> {
    if (this.#server !== undefined) return;
    const server = createServer({ allowHalfOpen: true });
    await listening(server, this.port);
    this.#serve(server);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.refuse();
    this.reset();
  }

  #serve(server: Server): void {
    this.#server = server;
    server.on("connection", (client) => this.#onConnection(client));
  }

  #onConnection(client: Socket): void {
    const { localAddress } = this.#options;
    const server = createConnection({
      host: "127.0.0.1",
      port: this.targetPort,
      allowHalfOpen: true,
      ...(localAddress === undefined ? {} : { localAddress }),
    });
    client.setNoDelay(true);
    server.setNoDelay(true);
    const tapes = { toServer: new Tape(), toClient: new Tape() };
    if (this.#tapes.length < RECORDED_CONNECTIONS_MAX) this.#tapes.push(tapes);
    const random = this.#random;
    const lanes = [
      new FaultLane({
        from: client,
        to: server,
        faults: () => this.#toServer,
        random,
        onPassed: (bytes) => tapes.toServer.add(bytes),
      }),
      new FaultLane({
        from: server,
        to: client,
        faults: () => this.#toClient,
        random,
        onPassed: (bytes) => tapes.toClient.add(bytes),
      }),
    ];
    const passage = { client, server, lanes };
    this.#passages.add(passage);
    const onClose = (): void => {
      if (client.destroyed && server.destroyed) this.#passages.delete(passage);
    };
    client.on("close", onClose);
    server.on("close", onClose);
  }
}

async function listening(server: Server, port: number): Promise<number> {
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("it has no port");
  return address.port;
}

/** Below the ports that Linux gives to those who dial, one of which might otherwise take it meanwhile. */
const FREE_PORTS = { from: 10_000, to: 32_000 } as const;

/** A port of 127.0.0.1 that nobody has, for who must know it before it listens. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FREE_PORTS.from, FREE_PORTS.to);
    const server = createServer();
    try {
      await listening(server, port);
    } catch {
      continue;
    }
    server.close();
    await once(server, "close");
    return port;
  }
}
