/** A player of OpenTTD that sees nothing: joins the game, says and hears. Its own reading of the game's protocol. */

import { connect, type Socket } from "node:net";

/** The version whose server it joins, which wants to be told the very same. */
const REVISION = "13.0";
const NEWGRF_VERSION = 0x1d_08_6d_64;
const SPECTATOR = 255;
const WAIT_MS = 10_000;

/** The server drops whoever does not acknowledge for long; it sends one a game frame. */
const FRAMES_PER_ACK = 30;

const Packet = {
  join: 2,
  error: 3,
  welcome: 14,
  getMap: 16,
  mapDone: 21,
  mapOk: 22,
  frame: 24,
  ack: 25,
  sayChat: 29,
  chat: 30,
  externalChat: 31,
  setName: 37,
  newGame: 40,
  shutdown: 41,
  quit: 42,
} as const;

const CHAT_ACTIONS = { all: 3, team: 4, private: 5 } as const;
const DESTINATIONS = { all: 0, team: 1, private: 2 } as const;

/** What others said. */
export interface Heard {
  /** Who, as an id of the server's, or a name from outside. */
  readonly from: number | string;
  readonly text: string;
  readonly source?: string;
  readonly action?: number;
}

export class OpenttdPlayer implements AsyncDisposable {
  readonly heard: Heard[] = [];
  readonly #socket: Socket;
  readonly #joined = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();
  #news: PromiseWithResolvers<void> = Promise.withResolvers();
  #received = Buffer.alloc(0);
  #token = 0;
  #ackedFrame: number | undefined;
  /** Its number with the server. */
  id = 0;

  /** Resolves once it is in the game, as a spectator. */
  static async join(port: number, name: string): Promise<OpenttdPlayer> {
    const player = new OpenttdPlayer(port, name);
    const timer = setTimeout(() => player.#fail("was not let in"), WAIT_MS);
    try {
      await player.#joined.promise;
    } catch (error) {
      await player[Symbol.asyncDispose]();
      throw error;
    } finally {
      clearTimeout(timer);
    }
    return player;
  }

  private constructor(port: number, name: string) {
    this.#joined.promise.catch(() => undefined);
    this.#socket = connect({ host: "127.0.0.1", port, noDelay: true });
    this.#socket.on("connect", () => {
      this.#send(Packet.join, text(REVISION), u32(NEWGRF_VERSION), text(name), [SPECTATOR], [0]);
    });
    this.#socket.on("data", (chunk: Buffer) => this.#onData(chunk));
    this.#socket.on("error", () => undefined);
    this.#socket.on("close", () => {
      this.#fail("was disconnected");
      this.#closed.resolve();
      this.#wake();
    });
  }

  say(line: string, to: keyof typeof CHAT_ACTIONS = "all", target = 0): void {
    const head = [CHAT_ACTIONS[to], DESTINATIONS[to]];
    this.#send(Packet.sayChat, head, u32(target), text(line), new Uint8Array(8));
  }

  rename(name: string): void {
    this.#send(Packet.setName, text(name));
  }

  /** The first that answers to the test, when it has come. */
  async hears(test: (heard: Heard) => boolean): Promise<Heard> {
    const deadlineMs = performance.now() + WAIT_MS;
    for (;;) {
      const found = this.heard.find(test);
      if (found !== undefined) return found;
      if (performance.now() > deadlineMs || this.#socket.destroyed) {
        throw new Error(`the player heard only ${JSON.stringify(this.heard)}`);
      }
      await Promise.race([this.#news.promise, Bun.sleep(100)]);
    }
  }

  /** Says goodbye, and waits until the server has closed. */
  async leave(): Promise<void> {
    this.#send(Packet.quit);
    this.#socket.end();
    await this.#closed.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    await this.#closed.promise;
  }

  #onData(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    for (;;) {
      if (this.#received.length < 3) return;
      const length = this.#received.readUInt16LE(0);
      if (this.#received.length < length) return;
      const body = this.#received.subarray(3, length);
      this.#onPacket(this.#received.readUInt8(2), body);
      this.#received = this.#received.subarray(length);
    }
  }

  #onPacket(type: number, body: Buffer): void {
    switch (type) {
      case Packet.welcome:
        this.id = body.readUInt32LE(0);
        this.#send(Packet.getMap);
        return;
      case Packet.mapDone:
        this.#send(Packet.mapOk);
        return;
      case Packet.frame:
        this.#onFrame(body);
        return;
      case Packet.chat:
        this.#hear({
          action: body.readUInt8(0),
          from: body.readUInt32LE(1),
          text: textAt(body, 6),
        });
        return;
      case Packet.externalChat:
        this.#hear(externalChat(body));
        return;
      case Packet.error:
        this.#fail(`got error ${body[0]}`);
        return;
      case Packet.newGame:
      case Packet.shutdown:
        this.#socket.end();
        return;
      default:
        return;
    }
  }

  #onFrame(body: Buffer): void {
    const frame = body.readUInt32LE(0);
    if (body.length > 8) this.#token = body.readUInt8(body.length - 1);
    if (this.#ackedFrame !== undefined && frame - this.#ackedFrame < FRAMES_PER_ACK) return;
    this.#ackedFrame = frame;
    this.#send(Packet.ack, u32(frame), [this.#token]);
    this.#joined.resolve();
  }

  #hear(heard: Heard): void {
    this.heard.push(heard);
    this.#wake();
  }

  #wake(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }

  #fail(what: string): void {
    this.#joined.reject(new Error(`the player ${what}`));
  }

  #send(type: number, ...parts: readonly (Uint8Array | readonly number[])[]): void {
    const body = Buffer.concat(parts.map((part) => Buffer.from(part)));
    const head = Buffer.alloc(3);
    head.writeUInt16LE(body.length + 3, 0);
    head.writeUInt8(type, 2);
    this.#socket.write(Buffer.concat([head, body]));
  }
}

function externalChat(body: Buffer): Heard {
  const source = textAt(body, 0);
  const userAt = Buffer.byteLength(source) + 3;
  const from = textAt(body, userAt);
  return { source, from, text: textAt(body, userAt + Buffer.byteLength(from) + 1) };
}

function text(value: string): Buffer {
  return Buffer.from(`${value}\0`);
}

function textAt(body: Buffer, at: number): string {
  return body.toString("utf8", at, body.indexOf(0, at));
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value, 0);
  return bytes;
}
