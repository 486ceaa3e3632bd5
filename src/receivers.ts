/** What answers to plugin names: callbacks for requests, classes for raw communications. */

import type { Address } from "./address.ts";
import { CcpError } from "./errors.ts";
import type { Mode } from "./protocol.ts";
import type { UpgradeReceiver } from "./upgrades.ts";

/** What a request callback answers: bytes as they are, a string as UTF-8. */
export type Reply = Uint8Array | string;

/**
 * Answers one request. `data` may be kept, but a small one keeps the whole chunk it arrived in:
 * copy it with `Buffer.from(data)` to hold on to it for long.
 *
 * Throwing, rejecting, taking too long, or answering anything but a {@link Reply} ends the
 * communication with a communication error. [CCP-4.3]
 */
export type RequestCallback = (address: Address, data: Buffer) => Reply | Promise<Reply>;

/**
 * Why a raw communication is over.
 *
 * | reason | it means |
 * |---|---|
 * | `ended` | the client ended it |
 * | `stopped` | `stop` was called, or the endpoint closes |
 * | `aborted` | the connection was lost, or closed for exceeding a limit |
 * | `unloaded` | the receiver was unregistered |
 * | `failed` | the receiver threw, or the client broke the protocol |
 */
export type RawCloseReason = "ended" | "stopped" | "aborted" | "unloaded" | "failed";

/** A raw communication as its receiver drives it. */
export interface RawChannel {
  readonly address: Address;
  /** See {@link RawReceiver.sendData}. */
  sendData(data: Uint8Array | string): boolean;
  /** See {@link RawReceiver.drained}. */
  drained(): Promise<void>;
  /** See {@link RawReceiver.stop}. */
  stop(): void;
}

/** One raw communication, from the side of the plugin. Extend it and override what is needed. */
export class RawReceiver {
  /** Who dialled. */
  readonly address: Address;
  readonly #channel: RawChannel;

  constructor(channel: RawChannel) {
    this.address = channel.address;
    this.#channel = channel;
  }

  /**
   * Queues one message. Answers `false` when so much is queued that a sender of much should wait
   * for {@link drained}; the message is queued all the same. A client that lets the queue grow to
   * `sendQueueBytesMax` is disconnected.
   *
   * @throws {CcpError} `communication_ended`, `bad_data`, `message_too_large`
   */
  sendData(data: Uint8Array | string): boolean {
    return this.#channel.sendData(data);
  }

  /** Resolves once there is room to send again, or the communication is over. */
  drained(): Promise<void> {
    return this.#channel.drained();
  }

  /** Ends the communication; what is queued is still delivered. Does nothing once it is over. */
  stop(): void {
    this.#channel.stop();
  }

  /**
   * A message arrived. The next one waits until this returns, or until its promise resolves.
   * `data` may be kept, at the same cost as a {@link RequestCallback}'s. Throwing or rejecting
   * ends the communication with a communication error. [CCP-5.4]
   */
  onDataReceived(_data: Buffer): void | Promise<void> {}

  /** The connection was lost before either side ended the communication. */
  onConnectionAbort(): void {}

  /** The communication is over, for whatever reason. Called once, last, and always but when the constructor threw. */
  onClosed(_reason: RawCloseReason): void {}
}

/** Makes the receiver of one raw communication. Throwing refuses it with a communication error. */
export type RawReceiverClass = new (channel: RawChannel) => RawReceiver;

/** A registration; `remove` takes it back. */
export interface Registration {
  /** Answers nobody home from now on. Does nothing the second time. */
  remove(): void;
}

/** A communication that a receiver answers. */
export interface ReceiverUser {
  onRemoved(): void;
}

interface Entry<Receiver> {
  readonly name: string;
  readonly receiver: Receiver;
  readonly owner: string;
  /** Told when the entry is removed. */
  readonly users: Set<ReceiverUser>;
  removed: boolean;
}

export type RequestEntry = Entry<RequestCallback>;
export type RawEntry = Entry<RawReceiverClass>;
export type UpgradeEntry = Entry<UpgradeReceiver>;

/** A name is a handful of bytes; with its code it fits the least that `startBytesMax` may be. */
export const NAME_BYTES_MAX = 255;

export class ReceiverRegistry {
  readonly #requests = new Map<string, RequestEntry>();
  readonly #raws = new Map<string, RawEntry>();
  readonly #upgrades = new Map<string, UpgradeEntry>();

  /** @throws {CcpError} `name_taken`, `invalid_option` */
  addRequest(name: string, callback: RequestCallback, owner: string): Registration {
    return add(this.#requests, { mode: "request", name, receiver: callback, owner });
  }

  /** @throws {CcpError} `name_taken`, `invalid_option` */
  addRaw(name: string, receiver: RawReceiverClass, owner: string): Registration {
    return add(this.#raws, { mode: "raw", name, receiver, owner }, this.#upgrades.get(name));
  }

  /** On the wire an upgrade begins as a raw communication. @throws {CcpError} `name_taken`, `invalid_option` */
  addUpgrade(name: string, receiver: UpgradeReceiver, owner: string): Registration {
    return add(this.#upgrades, { mode: "raw", name, receiver, owner }, this.#raws.get(name));
  }

  request(name: string): RequestEntry | undefined {
    return this.#requests.get(name);
  }

  raw(name: string): RawEntry | undefined {
    return this.#raws.get(name);
  }

  upgrade(name: string): UpgradeEntry | undefined {
    return this.#upgrades.get(name);
  }

  get hasUpgrades(): boolean {
    return this.#upgrades.size > 0;
  }

  list(): { readonly name: string; readonly mode: Mode; readonly owner: string }[] {
    return [
      ...[...this.#requests.values()].map((entry) => describe(entry, "request")),
      ...[...this.#raws.values()].map((entry) => describe(entry, "raw")),
      ...[...this.#upgrades.values()].map((entry) => describe(entry, "raw")),
    ];
  }
}

interface Described {
  readonly name: string;
  readonly owner: string;
}

function describe(
  { name, owner }: Described,
  mode: Mode,
): { readonly name: string; readonly mode: Mode; readonly owner: string } {
  return { name, mode, owner };
}

interface Addition<Receiver> {
  readonly mode: Mode;
  readonly name: string;
  readonly receiver: Receiver;
  readonly owner: string;
}

function add<Receiver>(
  entries: Map<string, Entry<Receiver>>,
  { mode, name, receiver, owner }: Addition<Receiver>,
  /** Who else may have the name, under another kind of entry. */
  other?: Described,
): Registration {
  if (Buffer.byteLength(name) > NAME_BYTES_MAX) {
    throw new CcpError(
      "invalid_option",
      `the plugin name "${name.slice(0, 40)}…" is longer than ${NAME_BYTES_MAX} bytes`,
    );
  }
  const first = entries.get(name) ?? other;
  if (first !== undefined) {
    throw new CcpError(
      "name_taken",
      `${mode} communications for "${name}" are already received by ${first.owner}; ` +
        `${owner} must choose another name, or ${first.owner} must be unloaded first`,
    );
  }
  const entry: Entry<Receiver> = { name, receiver, owner, users: new Set(), removed: false };
  entries.set(name, entry);
  return {
    remove() {
      if (entry.removed) return;
      entry.removed = true;
      entries.delete(name);
      for (const user of entry.users) user.onRemoved();
    },
  };
}
