import type { Address } from "./address.ts";
import type { Communication, CommunicationLink } from "./communication.ts";
import { CcpError } from "./errors.ts";
import { NO_DATA, toData } from "./frame-encoder.ts";
import { isPromiseLike } from "./promise-like.ts";
import { ServerCode } from "./protocol.ts";
import type {
  RawChannel,
  RawCloseReason,
  RawEntry,
  RawReceiver,
  ReceiverUser,
} from "./receivers.ts";

/**
 * | state | it means |
 * |---|---|
 * | `making` | the receiver is being made; nothing was answered yet |
 * | `open` | accepted; messages go either way |
 * | `over` | nothing goes any more |
 */
type State = "making" | "open" | "over";

/** A raw communication: messages either way at any time. [CCP-5] */
export class RawCommunication implements Communication, RawChannel, ReceiverUser {
  readonly #link: CommunicationLink;
  readonly #entry: RawEntry;
  #receiver: RawReceiver | undefined;
  #state: State = "making";
  #overReason: RawCloseReason | undefined;
  /** Since when the receiver's promise for the last message has not settled. */
  #workingSinceMs: number | undefined;

  constructor(link: CommunicationLink, entry: RawEntry) {
    this.#link = link;
    this.#entry = entry;
  }

  get receiver(): RawEntry {
    return this.#entry;
  }

  get address(): Address {
    return this.#link.address;
  }

  /** What a receiver keeps is its own affair. */
  get heldBytes(): number {
    return 0;
  }

  get yieldsAfterMs(): number {
    return this.#link.host.limits.rawIdleEvictionMs;
  }

  /** Makes the receiver, which may send or stop at once, and accepts unless that fails. */
  start(): void {
    this.#entry.users.add(this);
    let receiver: RawReceiver;
    try {
      receiver = new this.#entry.receiver(this);
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#receiver = receiver;
    this.#accept();
    // What ended it while the receiver was being made had nobody to tell.
    if (this.#overReason !== undefined) this.#tellOver(this.#overReason);
  }

  onData(data: Buffer): void {
    let working: unknown;
    try {
      working = this.#receiver?.onDataReceived(data);
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (isPromiseLike(working)) {
      this.#workingSinceMs = this.#link.host.now();
      Promise.resolve(working).then(
        () => {
          this.#workingSinceMs = undefined;
          this.#link.readOn();
        },
        (error: unknown) => this.#fail(error),
      );
    }
    if (this.mustWait()) this.#link.pauseReading();
  }

  onInputEnd(how: "ended" | "aborted"): void {
    this.#link.close();
    this.onOver(how);
  }

  onOver(reason: RawCloseReason): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.#overReason = reason;
    this.#entry.users.delete(this);
    this.#tellOver(reason);
  }

  mustWait(): boolean {
    return this.#workingSinceMs !== undefined || !this.#link.hasRoom;
  }

  onTick(nowMs: number): void {
    const { host, address } = this.#link;
    const { callbackTimeoutMs } = host.limits;
    if (this.#workingSinceMs === undefined || nowMs - this.#workingSinceMs < callbackTimeoutMs) {
      return;
    }
    host.onRefused("callback_timeout", address);
    const text = `the receiver did not handle a message within ${callbackTimeoutMs} ms`;
    this.#fail(new CcpError("request_timeout", text));
  }

  drain(): void {
    this.stop();
  }

  onRemoved(): void {
    this.#link.host.counters.nobodyHome += 1;
    this.#link.over(ServerCode.nobodyHome, "unloaded");
  }

  // --- what the receiver calls --------------------------------------------------------------

  sendData(data: Uint8Array | string): boolean {
    const bytes = toData(data);
    this.#accept();
    if (this.#state === "over") {
      throw new CcpError("communication_ended", "the communication is over; nothing was sent");
    }
    this.#link.send(ServerCode.data, bytes);
    if (this.#link.queuedBytes > this.#link.host.limits.sendQueueBytesMax) {
      this.#link.abort("send_queue_full");
      return false;
    }
    return this.#link.hasRoom;
  }

  drained(): Promise<void> {
    return this.#link.drained();
  }

  stop(): void {
    this.#accept();
    if (this.#state === "open") this.#link.over(ServerCode.end, "stopped");
  }

  #accept(): void {
    if (this.#state !== "making") return;
    this.#state = "open";
    this.#link.host.counters.communications += 1;
    this.#link.send(ServerCode.accepted, NO_DATA);
  }

  #fail(error: unknown): void {
    if (this.#state === "over") return;
    this.#report(error);
    this.#link.over(ServerCode.communicationError, "failed");
  }

  #tellOver(reason: RawCloseReason): void {
    const receiver = this.#receiver;
    this.#receiver = undefined;
    if (reason === "aborted") this.#tell(() => receiver?.onConnectionAbort());
    this.#tell(() => receiver?.onClosed(reason));
  }

  /** Nothing waits for the receiver any more, but its error, late or not, is reported. */
  #tell(tell: () => unknown): void {
    try {
      const working = tell();
      if (!isPromiseLike(working)) return;
      Promise.resolve(working).catch((error: unknown) => this.#report(error));
    } catch (error) {
      this.#report(error);
    }
  }

  #report(error: unknown): void {
    const { host, address } = this.#link;
    host.counters.receiverErrors += 1;
    host.onReceiverError(error, { name: this.#entry.name, owner: this.#entry.owner, address });
  }
}
