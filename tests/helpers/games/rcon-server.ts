/**
 * A game server's console over RCON, from the protocol's public descriptions: the fake shares no
 * code with the client, and a client that is not ours checks it.
 */

import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";

export interface RconServerOptions {
  /** `minecraft` reads as Minecraft does: one read, one packet, or the connection is closed. */
  readonly style: "source" | "minecraft";
  readonly password: string;
  /** What a command is answered with; undefined: nothing ever. */
  readonly answer?: (command: string) => string | undefined | Promise<string | undefined>;
  /** Whether an empty packet of type 0 is sent back, as the Source engine does. Default: true. */
  readonly mirrors?: boolean;
  /** Whether a reply of any length is one packet. Default: false. */
  readonly onePacket?: boolean;
}

/** Closes with its owner. */
export class RconServer implements AsyncDisposable {
  readonly port: number;
  /** The commands that were carried out. */
  readonly commands: string[] = [];
  readonly #server: Server;
  readonly #options: RconServerOptions;
  readonly #sockets: Set<Socket> = new Set();

  static async listen(options: RconServerOptions): Promise<RconServer> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new RconServer(server, options);
  }

  private constructor(server: Server, options: RconServerOptions) {
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("it has no port");
    this.port = address.port;
    this.#server = server;
    this.#options = options;
    server.on("connection", (socket) => this.#onConnection(socket));
  }

  /** Ends every connection, as a server that stops. */
  dropAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.dropAll();
    this.#server.close();
  }

  #onConnection(socket: Socket): void {
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.on("error", () => {});
    socket.on("close", () => this.#sockets.delete(socket));
    const connection = new Connection(socket, this.#options, this.commands);
    socket.on("data", (chunk: Buffer) => connection.arrive(chunk));
  }
}

/** What Minecraft reads at once. */
const READ_BYTES = 1460;

class Connection {
  readonly #socket: Socket;
  readonly #options: RconServerOptions;
  readonly #commands: string[];
  #unread: Buffer = Buffer.alloc(0);
  #loggedIn = false;
  #busy = false;

  constructor(socket: Socket, options: RconServerOptions, commands: string[]) {
    this.#socket = socket;
    this.#options = options;
    this.#commands = commands;
  }

  arrive(chunk: Buffer): void {
    this.#unread = Buffer.concat([this.#unread, chunk]);
    if (!this.#busy) this.#work().catch(() => this.#socket.destroy());
  }

  /** While it is busy with a command, what arrives waits, and may run together. */
  async #work(): Promise<void> {
    this.#busy = true;
    for (let packet = this.#next(); packet !== undefined; packet = this.#next()) {
      await this.#handle(packet);
    }
    this.#busy = false;
  }

  #next(): Buffer | undefined {
    if (this.#socket.destroyed || this.#unread.length < 4) return undefined;
    const end = 4 + this.#unread.readInt32LE(0);
    if (this.#options.style === "minecraft") {
      if (Math.min(this.#unread.length, READ_BYTES) !== end) {
        this.#socket.destroy();
        return undefined;
      }
    } else if (this.#unread.length < end) return undefined;
    const packet = this.#unread.subarray(4, end);
    this.#unread = this.#unread.subarray(end);
    return packet;
  }

  async #handle(packet: Buffer): Promise<void> {
    const id = packet.readInt32LE(0);
    const type = packet.readInt32LE(4);
    const text = packet.toString("utf8", 8, packet.indexOf(0, 8));
    if (type === 3) this.#logIn(id, text);
    else if (type === 2) await this.#command(id, text);
    else if (this.#options.style === "minecraft") this.#send(id, 0, `Unknown request ${type}`);
    else if (type === 0 && this.#options.mirrors !== false) {
      this.#send(id, 0, "");
      // The engine adds this one, of the same id.
      this.#send(id, 0, "\u0000\u0001\u0000\u0000");
    }
  }

  #logIn(id: number, password: string): void {
    this.#loggedIn = password === this.#options.password;
    if (this.#options.style === "source") this.#send(id, 0, "");
    this.#send(this.#loggedIn ? id : -1, 2, "");
  }

  async #command(id: number, command: string): Promise<void> {
    if (!this.#loggedIn) {
      this.#send(-1, 2, "");
      return;
    }
    this.#commands.push(command);
    const reply = await this.#options.answer?.(command);
    if (reply !== undefined) this.#reply(id, reply);
  }

  #reply(id: number, reply: string): void {
    if (this.#options.onePacket === true) {
      this.#send(id, 0, reply);
      return;
    }
    if (this.#options.style === "minecraft") {
      // It counts in UTF-16 units, and a reply that is a multiple of 4,096 ends with a full part.
      for (let at = 0; at === 0 || at < reply.length; at += 4096) {
        this.#send(id, 0, reply.slice(at, at + 4096));
      }
      return;
    }
    const bytes = Buffer.from(reply);
    for (let at = 0; at === 0 || at < bytes.length; at += 4086) {
      this.#send(id, 0, bytes.subarray(at, at + 4086));
    }
  }

  #send(id: number, type: number, body: string | Buffer): void {
    if (!this.#socket.destroyed) this.#socket.write(rconPacket(id, type, body));
  }
}

/** A packet as the wire has it. */
export function rconPacket(id: number, type: number, body: string | Uint8Array): Buffer {
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  const head = new DataView(new ArrayBuffer(12));
  head.setInt32(0, bytes.length + 10, true);
  head.setInt32(4, id, true);
  head.setInt32(8, type, true);
  return Buffer.concat([new Uint8Array(head.buffer), bytes, new Uint8Array(2)]);
}
