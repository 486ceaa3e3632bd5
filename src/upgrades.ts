/** Connections that go on as TLS, and then belong to whoever registered their name. [MESH-1.2] */

import type { Address } from "./address.ts";
import type { UpgradeTls } from "./tls-options.ts";
import type { SecureTransport, TransportHandler } from "./transport.ts";

/** A connection on which TLS 1.3 is up, handed over. */
export interface UpgradedConnection {
  readonly transport: SecureTransport;
  readonly address: Address;
  /**
   * The other side has proved who it is. Until then the connection counts as one that has not started,
   * which may be closed to make room, and has `startTimeoutMs` from its beginning on. From then on it is its
   * owner's alone, also when the endpoint closes. Does nothing the second time, or too late.
   */
  established(): void;
}

/** Who handles such a connection. `onClose` is called once, last, whoever closed it. */
export interface UpgradedHandler extends TransportHandler {
  /**
   * Time is up, and `established` was not called. This may send a last word and shut down; what is left after
   * `closeTimeoutMs` is terminated.
   */
  onStartTimeout(): void;
}

/** What is registered for a name. */
export interface UpgradeReceiver {
  readonly tls: UpgradeTls;
  /** Answers who handles the connection. Throwing closes it. */
  open(connection: UpgradedConnection): UpgradedHandler;
}
