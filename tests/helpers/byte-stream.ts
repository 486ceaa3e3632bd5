import { connect, type Server, type Socket } from "node:net";

/** A plain TCP connection from which exact numbers of bytes are awaited. Not of the project's making. */
export class ByteStream {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake?.();
    });
    const over = (): void => {
      this.#ended = true;
      this.#wake?.();
    };
    socket.on("end", over).on("close", over).on("error", over);
  }

  /** Dials 127.0.0.1. The stream stays half-open when the other side ends. */
  static connect(port: number): Promise<ByteStream> {
    const { promise, resolve, reject } = Promise.withResolvers<ByteStream>();
    const socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true, noDelay: true });
    socket.once("connect", () => resolve(new ByteStream(socket))).once("error", reject);
    return promise;
  }

  /** Listens on a free port of 127.0.0.1 and resolves with it. */
  static async listen(server: Server): Promise<number> {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("not a TCP server");
    return address.port;
  }

  write(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** Sends FIN; reading goes on. */
  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** The next `count` bytes, or fewer if the stream ends before. */
  async read(count: number): Promise<Buffer> {
    while (this.#received.length < count && !this.#ended) await this.#more();
    const bytes = this.#received.subarray(0, count);
    this.#received = this.#received.subarray(count);
    return bytes;
  }

  /** All that comes until the other side ends. */
  async readToEnd(): Promise<Buffer> {
    while (!this.#ended) await this.#more();
    return this.read(this.#received.length);
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
