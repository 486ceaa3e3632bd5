import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { until } from "../turns.ts";

export interface ReceiverOptions {
  readonly port?: number;
  readonly tls?: { readonly cert: string; readonly key: string };
  /** What is done with each connection; by default it is read. */
  readonly onConnection?: (socket: Socket, number: number) => void;
}

/** A receiver of lines over TCP. Not of the project's making. */
export class LineReceiver implements AsyncDisposable {
  readonly connections: Socket[] = [];
  /** What arrived, by connection. */
  readonly texts: string[] = [];
  readonly #server: Server;

  static async listen(options: ReceiverOptions = {}): Promise<LineReceiver> {
    const receiver = new LineReceiver(options);
    await new Promise<void>((resolve, reject) => {
      receiver.#server.once("error", reject);
      receiver.#server.listen(options.port ?? 0, "127.0.0.1", resolve);
    });
    return receiver;
  }

  private constructor({ tls, onConnection }: ReceiverOptions) {
    const accept = (socket: Socket): void => {
      const number = this.connections.push(socket) - 1;
      this.texts.push("");
      socket.on("error", () => undefined);
      if (onConnection !== undefined) onConnection(socket, number);
      else this.read(socket, number);
    };
    const options = { allowHalfOpen: true };
    this.#server =
      tls === undefined
        ? createServer(options, accept)
        : createTlsServer({ ...options, ...tls }, accept);
    // A client that does not trust it.
    this.#server.on("tlsClientError", () => undefined);
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("it listens no more");
    return address.port;
  }

  get lines(): string[] {
    return this.texts.flatMap((text) => text.split("\n").slice(0, -1));
  }

  /** Keeps what arrives, tells `onText`, and closes when the other side does. */
  read(socket: Socket, number: number, onText?: (text: string) => void): void {
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => {
      this.texts[number] += text;
      onText?.(text);
    });
    socket.on("end", () => socket.end());
  }

  async connected(count: number): Promise<void> {
    await until(() => this.connections.length >= count);
  }

  async received(count: number): Promise<void> {
    await until(() => this.lines.length >= count);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.connections) socket.destroy();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }
}
