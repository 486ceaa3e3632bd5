/** What TLS is given on either side, in the words of this library and in those of Bun. */

import { createSecureContext } from "node:tls";
import type { TLSOptions } from "bun";
import { CcpError } from "./errors.ts";

/** TLS on the listening side. Texts are PEM. */
export interface ServerTls {
  readonly cert: string;
  readonly key: string;
  /** Authorities whose client certificates are accepted; a client without one is refused. */
  readonly clientCa?: string;
}

/** TLS on the dialling side. Texts are PEM. */
export interface ClientTls {
  /** Authorities to trust instead of the system's. */
  readonly ca?: string;
  /** The name the certificate must carry, if not the dialled host. */
  readonly serverName?: string;
  /** This side's own certificate and key, for an endpoint that asks for one. */
  readonly cert?: string;
  readonly key?: string;
}

/** TLS that a connection goes on with, on either side. Texts are PEM. */
export interface UpgradeTls {
  readonly cert: string;
  readonly key: string;
  /**
   * With it, both sides ask for a certificate and check that this authority made it, whatever names are
   * in it. Its uses, if it states any, must be those of a server and of a client.
   */
  readonly ca?: string;
}

/** SSL_OP_NO_TLSv1, _1 and _2: Bun heeds these on an upgrade, but not `minVersion`. */
const TLS_1_3_ONLY = 0x1c_00_00_00;

export function serverTls({ cert, key, clientCa }: ServerTls): TLSOptions {
  if (clientCa === undefined) return { cert, key };
  return { cert, key, ca: clientCa, requestCert: true, rejectUnauthorized: true };
}

export function clientTls({ ca, serverName, cert, key }: ClientTls, host: string): TLSOptions {
  return {
    serverName: serverName ?? host,
    rejectUnauthorized: true,
    requestCert: true,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

/** [MESH-1.2] */
export function acceptorTls({ cert, key, ca }: UpgradeTls): TLSOptions {
  return { ...serverTls({ cert, key, ...clientCaOf(ca) }), secureOptions: TLS_1_3_ONLY };
}

/** Bun would insist on the host's name; whoever upgrades looks at what it found and decides. [MESH-1.2] */
export function diallerTls(tls: UpgradeTls | undefined): TLSOptions {
  return {
    ...(tls === undefined ? {} : { cert: tls.cert, key: tls.key }),
    ...(tls?.ca === undefined ? {} : { ca: tls.ca, requestCert: true }),
    rejectUnauthorized: false,
    secureOptions: TLS_1_3_ONLY,
  };
}

/** @throws {CcpError} `tls_failed` when the certificate, the key or the authority is not what it should be */
export function assertServerTls({ cert, key, clientCa }: ServerTls): void {
  try {
    if (cert === "" || key === "") throw new Error("it is empty");
    createSecureContext({ cert, key, ...(clientCa === undefined ? {} : { ca: clientCa }) });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const text = `the TLS certificate or its key cannot be used: ${why}`;
    throw new CcpError("tls_failed", text, { cause: error });
  }
}

/** @throws {CcpError} `tls_failed` */
export function assertUpgradeTls({ cert, key, ca }: UpgradeTls): void {
  assertServerTls({ cert, key, ...clientCaOf(ca) });
}

function clientCaOf(ca: string | undefined): { readonly clientCa?: string } {
  return ca === undefined ? {} : { clientCa: ca };
}
