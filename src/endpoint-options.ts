/** What an endpoint is given, and what it tells of itself. */

import type { Address } from "./address.ts";
import type { ReceiverErrorContext } from "./communication.ts";
import type { EndpointCounters, RefusalReason } from "./counters.ts";
import type { EndpointLimits } from "./limits.ts";
import type { Mode } from "./protocol.ts";
import type { ServerTls } from "./tls-options.ts";
import type { Whitelist } from "./whitelist.ts";

export interface EndpointOptions {
  /** Where to listen. Empty means every address of the machine, IPv4 and IPv6. */
  readonly hostname: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** Who may connect: entries as {@link Whitelist.create} takes them, or a whitelist. Default: this machine. */
  readonly whitelist?: Whitelist | readonly string[];
  readonly limits?: Readonly<Partial<EndpointLimits>>;
  readonly tls?: ServerTls;
  /** A connection was closed, or a communication ended, of the endpoint's own accord. Default: nothing. */
  readonly onRefused?: (reason: RefusalReason, address: Address) => void;
  /** A receiver failed, and the communication was ended because of it. Default: nothing. */
  readonly onReceiverError?: (error: unknown, context: ReceiverErrorContext) => void;
  /** A mistake in this library closed a connection, or one of these hooks threw. Default: nothing. */
  readonly onInternalError?: (error: Error) => void;
}

export interface EndpointStatus {
  readonly hostname: string;
  readonly port: number;
  /** Connections open now. */
  readonly connections: number;
  /** Those of them that have not started a communication, nor established an upgrade. */
  readonly pending: number;
  /** Those of them that were upgraded to TLS and established. */
  readonly upgraded: number;
  /** Bytes held in partial messages, requests in flight and queues. */
  readonly heldBytes: number;
  readonly receivers: readonly {
    readonly name: string;
    readonly mode: Mode;
    readonly owner: string;
  }[];
  readonly counters: Readonly<EndpointCounters>;
  readonly limits: EndpointLimits;
}
