import type { Address } from "./address.ts";
import type { CommunicationHost } from "./communication.ts";
import type { RefusalReason } from "./counters.ts";
import type { ReceiverUser, UpgradeEntry } from "./receivers.ts";
import { type UpgradeHandler, upgrade } from "./tls-upgrade.ts";
import type { SecureTransport, Transport, TransportHandler } from "./transport.ts";
import type { UpgradedHandler } from "./upgrades.ts";

/** What an upgrade may do to the connection that it takes over. */
export interface UpgradeCarrier {
  readonly address: Address;
  readonly host: CommunicationHost;
  onEstablished(): void;
  /** The transport is closed. */
  onClose(): void;
  /** Closes at once and counts why. */
  abort(reason: RefusalReason): void;
  terminate(): void;
}

/** Passes on to its owner what happens on a connection that goes on as TLS. */
export class UpgradeCommunication implements UpgradeHandler, TransportHandler, ReceiverUser {
  readonly #carrier: UpgradeCarrier;
  readonly #entry: UpgradeEntry;
  #state: "securing" | "open" | "over" = "securing";
  #handler: UpgradedHandler | undefined;

  constructor(carrier: UpgradeCarrier, entry: UpgradeEntry) {
    this.#carrier = carrier;
    this.#entry = entry;
  }

  /** Begins TLS, and answers what is to be terminated from now on. */
  start(plain: Transport): Transport {
    this.#entry.users.add(this);
    try {
      return upgrade(plain, {
        side: "acceptor",
        tls: this.#entry.receiver.tls,
        handler: this,
        onHandlerError: (error) => this.#report(error),
      });
    } catch (error) {
      this.#report(error);
      this.#carrier.terminate();
      return plain;
    }
  }

  /** Time is up; `false` if there is nobody to tell. */
  expire(): boolean {
    const handler = this.#handler;
    if (handler === undefined) return false;
    this.#tell(() => handler.onStartTimeout());
    return true;
  }

  /** The connection is closed. */
  onOver(): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.#entry.users.delete(this);
    const handler = this.#handler;
    this.#handler = undefined;
    if (handler !== undefined) this.#tell(() => handler.onClose());
  }

  /** The name is not registered any more: whoever is not established goes. */
  onRemoved(): void {
    this.#carrier.terminate();
  }

  // --- what TLS tells -----------------------------------------------------------------------

  onSecure(transport: SecureTransport): TransportHandler {
    const connection = {
      transport,
      address: this.#carrier.address,
      established: () => this.#onEstablished(),
    };
    try {
      const handler = this.#entry.receiver.open(connection);
      // What closed the connection meanwhile had nobody to tell.
      if (this.#isOver()) this.#tell(() => handler.onClose());
      else this.#handler = handler;
    } catch (error) {
      this.#report(error);
      this.#carrier.terminate();
    }
    if (!this.#isOver()) this.#state = "open";
    return this;
  }

  onUpgradeFailed(): void {
    this.#carrier.abort("tls_failed");
  }

  onData(chunk: Buffer): void {
    this.#handler?.onData(chunk);
  }

  onDrain(): void {
    this.#handler?.onDrain();
  }

  onEnd(): void {
    this.#handler?.onEnd();
  }

  onClose(): void {
    if (this.#state === "securing") this.#carrier.abort("tls_failed");
    else this.#carrier.onClose();
  }

  // --- the parts ----------------------------------------------------------------------------

  #onEstablished(): void {
    if (this.#state === "over") return;
    this.#entry.users.delete(this);
    this.#carrier.onEstablished();
  }

  #tell(tell: () => void): void {
    try {
      tell();
    } catch (error) {
      this.#report(error);
      this.#carrier.terminate();
    }
  }

  #report(error: unknown): void {
    const { host, address } = this.#carrier;
    const { name, owner } = this.#entry;
    host.counters.receiverErrors += 1;
    host.onReceiverError(error, { name, owner, address });
  }

  // A method, because the compiler does not expect `open` to have changed the state.
  #isOver(): boolean {
    return this.#state === "over";
  }
}
