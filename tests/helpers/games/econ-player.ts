/** A player without a head: as much of the game's protocol (Teeworlds 0.7) as it takes to join and chat. */

import { unpacked } from "./econ-huffman.ts";

const NET_VERSION = "0.7 802f1be60a05665f";
const CLIENT_VERSION = 0x0705;
/** Below the time a test has. */
const WAIT_MS = 4000;
/** Well below the 10 s after which a server takes a silent player for lost. */
const KEEP_ALIVE_MS = 500;

const CONTROL = { keepAlive: 0, connect: 1, accept: 2, close: 4, token: 5 } as const;
const SYSTEM = { info: 1, mapChange: 2, conReady: 5, ready: 18, enterGame: 19 } as const;
const GAME = { broadcast: 2, chat: 3, readyToEnter: 8, say: 24, startInfo: 27 } as const;

export const CHAT_MODE = { all: 1, team: 2, whisper: 3 } as const;

export interface HeardChat {
  readonly mode: number;
  /** -1 is the server. */
  readonly from: number;
  readonly text: string;
}

interface Waiter {
  readonly wanted: (chat: HeardChat) => boolean;
  readonly done: (chat: HeardChat) => void;
}

export class EconPlayer implements Disposable {
  readonly heard: HeardChat[] = [];
  /** What was shown in the middle of the screen. */
  readonly broadcasts: string[] = [];
  readonly #name: string;
  readonly #token = crypto.getRandomValues(new Uint8Array(4));
  readonly #entries: PromiseWithResolvers<void>[] = [];
  #entered = 0;
  readonly #waiters = new Set<Waiter>();
  #serverToken: Uint8Array = Uint8Array.of(255, 255, 255, 255);
  #socket: Bun.udp.ConnectedSocket<"buffer"> | undefined;
  #timer: Timer | undefined;
  #sequence = 0;
  #ack = 0;

  static async join(port: number, name: string): Promise<EconPlayer> {
    const player = new EconPlayer(name);
    await player.#connect(port);
    return player;
  }

  private constructor(name: string) {
    this.#name = name;
  }

  say(text: string, mode: number = CHAT_MODE.all, target = -1): void {
    this.#sendMessage(GAME.say, false, [...int(mode), ...int(target), ...string(text)]);
  }

  /** The first chat that is as wanted, whether heard already or not. */
  async hears(wanted: (chat: HeardChat) => boolean): Promise<HeardChat> {
    const found = this.heard.find(wanted);
    if (found !== undefined) return found;
    const { promise, resolve } = Promise.withResolvers<HeardChat>();
    const waiter = { wanted, done: resolve };
    this.#waiters.add(waiter);
    return await within(promise, "waited in vain for chat").finally(() =>
      this.#waiters.delete(waiter),
    );
  }

  /** Resolves once it has entered a map as often as that; each change of map makes it enter again. */
  async entered(times: number): Promise<void> {
    await within(this.#entry(times).promise, `the player ${this.#name} could not join`);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#sendControl(CONTROL.close);
    this.#socket?.close();
    this.#socket = undefined;
  }

  async #connect(port: number): Promise<void> {
    this.#socket = await Bun.udpSocket({
      connect: { hostname: "127.0.0.1", port },
      socket: { data: (_socket, packet) => this.#onPacket(packet), error: () => {} },
    });
    const hello = (): void => {
      this.#sendControl(CONTROL.token, [...this.#token, ...Array<number>(508).fill(0)]);
    };
    hello();
    const again = setInterval(hello, 200);
    await this.entered(1).finally(() => clearInterval(again));
    this.#timer = setInterval(() => this.#sendControl(CONTROL.keepAlive), KEEP_ALIVE_MS);
  }

  #entry(times: number): PromiseWithResolvers<void> {
    return (this.#entries[times] ??= Promise.withResolvers());
  }

  #onPacket(packet: Buffer): void {
    const flags = packet.readUInt8(0);
    if ((flags & 0x20) !== 0 || packet.length < 8) return;
    const body = packet.subarray(7);
    if ((flags & 0x04) !== 0) this.#onControl(body);
    else this.#onChunks(Buffer.from((flags & 0x10) === 0 ? body : unpacked(body)));
  }

  #onControl(body: Buffer): void {
    if (body[0] === CONTROL.token && this.#sequence === 0) {
      this.#serverToken = Uint8Array.from(body.subarray(1, 5));
      this.#sendControl(CONTROL.connect, [...this.#token, ...Array<number>(508).fill(0)]);
    } else if (body[0] === CONTROL.accept && this.#sequence === 0) {
      const info = [...string(NET_VERSION), ...string(""), ...int(CLIENT_VERSION)];
      this.#sendMessage(SYSTEM.info, true, info);
    }
  }

  #onChunks(body: Buffer): void {
    let at = 0;
    while (at + 2 <= body.length) {
      const [first = 0, second = 0, third = 0] = body.subarray(at, at + 3);
      const size = ((first & 0x3f) << 6) | (second & 0x3f);
      const isVital = (first & 0x40) !== 0;
      at += isVital ? 3 : 2;
      const isNew = !isVital || this.#takes(((second & 0xc0) << 2) | third);
      if (isNew) this.#onMessage(new Reader(body.subarray(at, at + size)));
      at += size;
    }
  }

  #takes(sequence: number): boolean {
    if (sequence !== (this.#ack + 1) % 1024) return false;
    this.#ack = sequence;
    return true;
  }

  #onMessage(message: Reader): void {
    const type = message.int();
    const isSystem = (type & 1) === 1;
    if (isSystem) this.#onSystem(type >> 1);
    else this.#onGame(type >> 1, message);
  }

  #onSystem(type: number): void {
    if (type === SYSTEM.mapChange) this.#sendMessage(SYSTEM.ready, true, []);
    if (type === SYSTEM.conReady) this.#sendMessage(GAME.startInfo, false, startInfo(this.#name));
  }

  #onGame(type: number, message: Reader): void {
    if (type === GAME.readyToEnter) {
      this.#sendMessage(SYSTEM.enterGame, true, []);
      this.#entered++;
      this.#entry(this.#entered).resolve();
    }
    if (type === GAME.broadcast) this.broadcasts.push(message.string());
    if (type !== GAME.chat) return;
    const [mode, from] = [message.int(), message.int()];
    message.int();
    const chat = { mode, from, text: message.string() };
    this.heard.push(chat);
    for (const waiter of this.#waiters) {
      if (waiter.wanted(chat)) waiter.done(chat);
    }
  }

  #sendControl(type: number, body: readonly number[] = []): void {
    this.#sendPacket(0x04, 0, [type, ...body]);
  }

  #sendMessage(type: number, isSystem: boolean, body: readonly number[]): void {
    this.#sequence = (this.#sequence + 1) % 1024;
    const message = [...int((type << 1) | (isSystem ? 1 : 0)), ...body];
    const head = [
      0x40 | (message.length >> 6),
      ((this.#sequence >> 2) & 0xc0) | (message.length & 0x3f),
      this.#sequence & 0xff,
    ];
    this.#sendPacket(0, 1, [...head, ...message]);
  }

  #sendPacket(flags: number, chunks: number, body: readonly number[]): void {
    const head = [flags | (this.#ack >> 8), this.#ack & 0xff, chunks, ...this.#serverToken];
    this.#socket?.send(Uint8Array.from([...head, ...body]));
  }
}

function startInfo(name: string): number[] {
  const skinParts = ["kitty", "whisker", "", "standard", "standard", "standard"];
  return [
    ...string(name),
    ...string("clan"),
    ...int(-1),
    ...skinParts.flatMap(string),
    ...Array<number>(12).fill(0),
  ];
}

/** An integer as the game packs it: six bits and the sign, then seven bits a byte. */
function int(value: number): number[] {
  const sign = value < 0 ? 0x40 : 0;
  let rest = value < 0 ? ~value : value;
  const bytes = [sign | (rest & 0x3f)];
  rest >>= 6;
  while (rest > 0) {
    bytes.push((bytes.pop() ?? 0) | 0x80, rest & 0x7f);
    rest >>= 7;
  }
  return bytes;
}

function string(text: string): number[] {
  return [...Buffer.from(text), 0];
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  int(): number {
    const first = this.#next();
    let value = first & 0x3f;
    let byte = first;
    for (let shift = 6; (byte & 0x80) !== 0 && shift < 32; shift += 7) {
      byte = this.#next();
      value |= (byte & 0x7f) << shift;
    }
    return (first & 0x40) === 0 ? value : ~value;
  }

  string(): string {
    const end = this.#bytes.indexOf(0, this.#at);
    const text = this.#bytes.toString("utf8", this.#at, end === -1 ? undefined : end);
    this.#at = end === -1 ? this.#bytes.length : end + 1;
    return text;
  }

  #next(): number {
    return this.#bytes[this.#at++] ?? 0;
  }
}

async function within<Answer>(promise: Promise<Answer>, failure: string): Promise<Answer> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(failure)), WAIT_MS);
  return await Promise.race([promise, late.promise]).finally(() => clearTimeout(timer));
}
