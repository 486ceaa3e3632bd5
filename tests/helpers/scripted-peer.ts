import { once } from "node:events";
import { createConnection, createServer, type Server, type Socket } from "node:net";

/** A plain TCP peer that says exactly what a test tells it to, right or wrong. */
export class ScriptedPeer {
  readonly #socket: Socket;
  readonly #chunks: Buffer[] = [];
  #receivedBytes = 0;
  #over: "eof" | "reset" | "closed" | undefined;
  #wake: PromiseWithResolvers<void> = Promise.withResolvers();

  static async connect(port: number, localAddress = "127.0.0.1"): Promise<ScriptedPeer> {
    const socket = createConnection({ host: "127.0.0.1", port, localAddress, allowHalfOpen: true });
    const peer = new ScriptedPeer(socket);
    await once(socket, "connect");
    return peer;
  }

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#receivedBytes += chunk.length;
      this.#changed();
    });
    socket.on("end", () => this.#end("eof"));
    socket.on("error", () => this.#end("reset"));
    socket.on("close", () => this.#end("closed"));
  }

  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  get received(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  /** How the other side ended the connection, if it did. */
  get over(): "eof" | "reset" | "closed" | undefined {
    return this.#over;
  }

  send(...parts: readonly Uint8Array[]): void {
    if (!this.#socket.destroyed) this.#socket.write(Buffer.concat(parts));
  }

  /** Stops taking what arrives. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Sends FIN; what arrives is still read. */
  end(): void {
    this.#socket.end();
  }

  /** Sends RST. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  /** Waits until exactly `bytes` have arrived since the beginning. */
  async expect(bytes: Uint8Array): Promise<void> {
    await this.expectBytes(bytes.length);
    if (!this.received.equals(bytes)) {
      const wanted = Buffer.from(bytes).toString("hex");
      throw new Error(`received ${this.received.toString("hex")} instead of ${wanted}`);
    }
  }

  /** Waits until at least so many bytes have arrived. */
  async expectBytes(count: number): Promise<void> {
    while (this.#receivedBytes < count) {
      if (this.#over !== undefined) {
        throw new Error(`${this.#over} after ${this.received.toString("hex").slice(0, 200)}`);
      }
      await this.#wake.promise;
    }
  }

  /** Waits until the other side has ended the connection, and answers how. */
  async ended(): Promise<"eof" | "reset" | "closed"> {
    while (this.#over === undefined) await this.#wake.promise;
    return this.#over;
  }

  #end(how: "eof" | "reset" | "closed"): void {
    this.#over ??= how;
    this.#changed();
  }

  #changed(): void {
    const wake = this.#wake;
    this.#wake = Promise.withResolvers();
    wake.resolve();
  }
}

/** A listener whose every connection is played by the test. */
export class ScriptedServer {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  static async listen(play: (peer: ScriptedPeer) => void): Promise<ScriptedServer> {
    const server = createServer({ allowHalfOpen: true });
    const sockets = new Set<Socket>();
    server.on("connection", (socket) => {
      sockets.add(socket);
      play(new ScriptedPeer(socket));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new ScriptedServer(server, sockets);
  }

  private constructor(server: Server, sockets: Set<Socket>) {
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("it has no port");
    this.port = address.port;
    this.#server = server;
    this.#sockets = sockets;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}
