import { timingSafeEqual } from "node:crypto";
import type { udp } from "bun";
import { addressText } from "../tcp-connection.ts";
import { listenFailure } from "./listen-failure.ts";
import type { Feed, FeedEvents, Part } from "./parts.ts";
import { resolveSender, type Sender } from "./sender.ts";

export interface UdpFeedOptions {
  /** Where the packets arrive. */
  readonly host: string;
  readonly port: number;
  /** The host that the game sends from; others are not listened to. */
  readonly gameHost: string;
  /** The port that the game sends from. Default: any. */
  readonly gamePort?: number | undefined;
  /** `sv_logsecret`. With it, only packets that have it count. */
  readonly secret?: string | undefined;
}

/** The log of a Source server, a line a packet (`logaddress_add`). */
export class UdpFeed implements Feed {
  readonly where: string;
  readonly #options: UdpFeedOptions;

  constructor(options: UdpFeedOptions) {
    this.where = `UDP ${addressText(options.host, options.port)}`;
    this.#options = options;
  }

  open(events: FeedEvents): Part {
    return new UdpListener(this.#options, events);
  }
}

type Refusal = "stranger" | "no_secret" | "wrong_secret" | "unexpected_secret" | "no_log";

const REFUSALS: Readonly<Record<Refusal, string>> = {
  stranger:
    "a packet that does not come from the game's address was not read: set host to the address that the game sends from, and log_from_port, if written, to its port",
  no_secret:
    "a packet without the secret was not read; set sv_logsecret in the game, as log_secret",
  wrong_secret: "a packet with another secret was not read; is log_secret the game's sv_logsecret?",
  unexpected_secret:
    "a packet with a secret was not read; set log_secret to the game's sv_logsecret",
  no_log: "a packet that is no line of a log was not read",
};

const HEAD_BYTES = 5;
const MARK = 0xff_ff_ff_ff;
const PLAIN = 0x52;
const WITH_SECRET = 0x53;

/** How every line begins. */
const LINE_START: Buffer = Buffer.from("L ");

class UdpListener implements Part {
  readonly #options: UdpFeedOptions;
  readonly #events: FeedEvents;
  readonly #secret: Buffer | undefined;
  /** Each is told once: whoever can send packets could send any number of them. */
  readonly #told = new Set<Refusal>();
  readonly #opened: Promise<udp.Socket<"buffer"> | undefined>;
  #isClosed = false;

  constructor(options: UdpFeedOptions, events: FeedEvents) {
    this.#options = options;
    this.#events = events;
    const { secret } = options;
    this.#secret = secret === undefined ? undefined : Buffer.from(secret);
    this.#opened = this.#open();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const socket = await this.#opened;
    if (socket?.closed === false) socket.close();
  }

  async #open(): Promise<udp.Socket<"buffer"> | undefined> {
    const { gameHost, host, port } = this.#options;
    try {
      const sender = await resolveSender(gameHost);
      if (this.#isClosed) return undefined;
      const socket = await Bun.udpSocket({
        hostname: host,
        port,
        socket: {
          data: (_socket, bytes, fromPort, from) => this.#take(sender, bytes, fromPort, from),
        },
      });
      if (!this.#isClosed) this.#events.onReady();
      return socket;
    } catch (cause) {
      if (!this.#isClosed) this.#events.onOver(listenFailure(this.#options, cause));
      return undefined;
    }
  }

  #take(sender: Sender, bytes: Buffer, port: number, address: string): void {
    if (this.#isClosed) return;
    const { gamePort = port } = this.#options;
    if (!sender.is(address) || port !== gamePort) this.#refuse("stranger");
    else {
      const line = this.#lineIn(bytes);
      if (typeof line === "string") this.#refuse(line);
      else this.#events.onLine(textOf(line));
    }
  }

  #lineIn(bytes: Buffer): Buffer | Refusal {
    if (bytes.length <= HEAD_BYTES || bytes.readUInt32LE(0) !== MARK) return "no_log";
    const rest = bytes.subarray(HEAD_BYTES);
    switch (bytes[HEAD_BYTES - 1]) {
      case PLAIN:
        return this.#secret === undefined ? rest : "no_secret";
      case WITH_SECRET:
        return this.#secret === undefined ? "unexpected_secret" : behindSecret(rest, this.#secret);
      default:
        return "no_log";
    }
  }

  #refuse(why: Refusal): void {
    if (this.#told.has(why)) return;
    this.#told.add(why);
    const { host, port } = this.#options;
    this.#events.onUnread(`${REFUSALS[why]} (it arrived at ${addressText(host, port)})`);
  }
}

/** The secret is of any length, so that the line's beginning shows where it ends. */
function behindSecret(bytes: Buffer, secret: Buffer): Buffer | Refusal {
  const line = bytes.subarray(secret.length);
  const isSecret =
    bytes.length >= secret.length && timingSafeEqual(bytes.subarray(0, secret.length), secret);
  const isLine = line.subarray(0, LINE_START.length).equals(LINE_START);
  return isSecret && isLine ? line : "wrong_secret";
}

/** A packet is one line, whatever is in it. */
function textOf(bytes: Buffer): string {
  return new TextDecoder().decode(bytes).replace(/[\r\n\0]+$/, "");
}
