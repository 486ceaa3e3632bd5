import type { Socket, SocketHandler, TLSOptions } from "bun";
import { createCertificate } from "../../mesh/link/certificate.ts";
import { type Frame, frame } from "./frames.ts";

/** Frees from TLS 1.0 and 1.1 what speaks TLS 1.2 on purpose. */
const NO_TLS_1_3 = 0x2000_0000;

const START_RAW = 0x02;
const ACCEPTED = 0x01;
const DATA = 0x05;

export interface SecureOptions {
  readonly isServer?: boolean;
  /** TLS 1.2 instead of 1.3. */
  readonly isOld?: boolean;
}

/**
 * A connection that can go on as TLS, as a link's does, played by the test on either side. Not of the
 * project's making, but for the certificate.
 */
export class MeshChannel implements Disposable {
  readonly #raw: Socket<MeshChannel | undefined>;
  #socket: Socket<MeshChannel | undefined>;
  #received: Buffer[] = [];
  #receivedBytes = 0;
  #out: Buffer[] = [];
  #outBytes = 0;
  #isOver = false;
  #handshake: PromiseWithResolvers<boolean> | undefined;
  #news: PromiseWithResolvers<void> = Promise.withResolvers();

  /** Connects, and says nothing. */
  static async connect(port: number): Promise<MeshChannel> {
    const socket = await Bun.connect<MeshChannel | undefined>({
      hostname: "127.0.0.1",
      port,
      data: undefined,
      socket: HANDLERS,
    });
    return new MeshChannel(socket);
  }

  /** Listens on a free port and plays the other side of each connection. */
  static listen(play: (channel: MeshChannel) => Promise<void>): ChannelListener {
    const channels: MeshChannel[] = [];
    const failures: unknown[] = [];
    const listener = Bun.listen<MeshChannel | undefined>({
      hostname: "127.0.0.1",
      port: 0,
      data: undefined,
      socket: {
        ...HANDLERS,
        open(socket) {
          const channel = new MeshChannel(socket);
          channels.push(channel);
          play(channel).catch((error: unknown) => failures.push(error));
        },
      },
    });
    return {
      port: listener.port,
      channels,
      failures,
      [Symbol.dispose]() {
        listener.stop(true);
        for (const channel of channels) channel.terminate();
      },
    };
  }

  private constructor(socket: Socket<MeshChannel | undefined>) {
    socket.data = this;
    this.#raw = socket;
    this.#socket = socket;
  }

  /** All bytes that have come, of TLS those inside. */
  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** What was not taken yet. */
  get queuedBytes(): number {
    return this.#outBytes;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get tlsVersion(): string {
    return this.#socket.getTLSVersion();
  }

  write(bytes: Uint8Array): void {
    this.#out.push(Buffer.from(bytes));
    this.#outBytes += bytes.length;
    this.flush();
  }

  /** Says that it is a peer, and waits until it has been accepted. */
  async start(plugin = "mesh"): Promise<void> {
    this.write(frame(START_RAW, plugin));
    const answer = await this.message();
    if (answer?.code !== ACCEPTED) throw new Error(`it was answered ${answer?.code ?? "nothing"}`);
  }

  /** The other side of `start`. */
  async accept(): Promise<void> {
    const start = await this.message();
    if (start?.code !== START_RAW) throw new Error(`it began with ${start?.code ?? "nothing"}`);
    this.write(frame(ACCEPTED));
  }

  /** Goes on with TLS; answers whether that came about. */
  async secure({ isServer = false, isOld = false }: SecureOptions = {}): Promise<boolean> {
    const tls: TLSOptions = {
      ...(isServer ? createCertificate() : { rejectUnauthorized: false }),
      ...(isOld ? { secureOptions: NO_TLS_1_3 } : {}),
    };
    this.#handshake = Promise.withResolvers();
    const upgrade = { isServer, data: this, tls, socket: HANDLERS };
    const [raw, secure] = this.#raw.upgradeTLS<MeshChannel | undefined>(upgrade);
    // What is left of the plain connection still hears of the bytes of TLS.
    raw.data = undefined;
    this.#raw.data = undefined;
    this.#socket = secure;
    return await this.#handshake.promise;
  }

  /** RFC 5705, with the label of a link. [MESH-1.4] */
  exporter(): Uint8Array {
    return this.#socket.exportKeyingMaterial(32, "EXPORTER-Channel-Binding", Buffer.alloc(0));
  }

  /** Sends a frame of a link. */
  send(bytes: Uint8Array): void {
    this.write(frame(DATA, bytes));
  }

  /** The next message; undefined when the other side has closed before. */
  async message(): Promise<Frame | undefined> {
    for (;;) {
      const message = this.#take();
      if (message !== undefined) return message;
      if (this.#isOver) return undefined;
      await this.#news.promise;
    }
  }

  /** The messages that are there already. */
  messages(): Frame[] {
    const messages: Frame[] = [];
    for (let next = this.#take(); next !== undefined; next = this.#take()) messages.push(next);
    return messages;
  }

  /** All bytes that come until the other side closes, and were not taken before. */
  async rest(): Promise<Buffer> {
    await this.ended();
    const rest = Buffer.concat(this.#received);
    this.#received = [];
    return rest;
  }

  async ended(): Promise<void> {
    while (!this.#isOver) await this.#news.promise;
  }

  /** Stops taking what arrives. */
  pause(): void {
    this.#raw.pause();
    this.#socket.pause();
  }

  resume(): void {
    this.#raw.resume();
    this.#socket.resume();
  }

  terminate(): void {
    this.#socket.terminate();
    this.#raw.terminate();
    this.onOver();
  }

  [Symbol.dispose](): void {
    this.terminate();
  }

  onData(chunk: Buffer): void {
    this.#received.push(chunk);
    this.#receivedBytes += chunk.length;
    this.#wake();
  }

  onHandshake(success: boolean): void {
    this.#handshake?.resolve(success);
  }

  onOver(): void {
    this.#isOver = true;
    this.#handshake?.resolve(false);
    this.#wake();
  }

  /** Writes as much as is taken now. */
  flush(): void {
    for (let [bytes] = this.#out; bytes !== undefined; [bytes] = this.#out) {
      const written = Math.max(0, this.#socket.write(bytes));
      this.#outBytes -= written;
      if (written < bytes.length) {
        this.#out[0] = bytes.subarray(written);
        return;
      }
      this.#out.shift();
    }
  }

  #take(): Frame | undefined {
    if (this.#received.length > 1) this.#received = [Buffer.concat(this.#received)];
    const [bytes] = this.#received;
    if (bytes === undefined || bytes.length < 3) return undefined;
    const end = 3 + bytes.readUIntBE(0, 3);
    if (end < 4 || bytes.length < end) return undefined;
    this.#received[0] = bytes.subarray(end);
    return { code: bytes.readUInt8(3), data: bytes.subarray(4, end) };
  }

  #wake(): void {
    const news = this.#news;
    this.#news = Promise.withResolvers();
    news.resolve();
  }
}

export interface ChannelListener extends Disposable {
  readonly port: number;
  readonly channels: readonly MeshChannel[];
  /** What was thrown while they were played. */
  readonly failures: readonly unknown[];
}

const HANDLERS: SocketHandler<MeshChannel | undefined> = {
  data: (socket, chunk) => socket.data?.onData(Buffer.from(chunk)),
  drain: (socket) => socket.data?.flush(),
  // The certificate proves nothing, so that the handshake counts as done once there is a version.
  handshake: (socket, success) => {
    socket.data?.onHandshake(success || isSecure(socket));
  },
  end: (socket) => socket.data?.onOver(),
  close: (socket) => socket.data?.onOver(),
  error: (socket) => socket.data?.onOver(),
};

function isSecure(socket: Socket<MeshChannel | undefined>): boolean {
  try {
    return socket.exportKeyingMaterial(32, "EXPORTER-Channel-Binding", Buffer.alloc(0)).length > 0;
  } catch {
    return false;
  }
}
