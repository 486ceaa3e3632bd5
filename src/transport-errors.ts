/** What Bun says of a socket that could not be had, in words that tell how to mend it. */

import { type Address, formatAddress } from "./address.ts";
import { CcpError } from "./errors.ts";

export function listenError({ host: hostname, port }: Address, cause: unknown): CcpError {
  const where = formatAddress({ host: hostname, port });
  const code = errorCode(cause);
  if (code === "EADDRINUSE") {
    const on = hostname === "::" ? "all interfaces" : hostname;
    const text = `port ${port} is in use on ${on}: another program listens there already`;
    return new CcpError("address_in_use", text, { cause });
  }
  if (code === "EADDRNOTAVAIL") {
    const text = `cannot listen on ${where}: ${hostname} is not an address of this machine`;
    return new CcpError("listen_failed", text, { cause });
  }
  if (code === "EACCES") {
    const text = `not allowed to listen on ${where}; ports below 1024 need privileges`;
    return new CcpError("listen_failed", text, { cause });
  }
  const text = `cannot listen on ${where}: ${errorText(cause)}; does ${hostname} resolve to this machine?`;
  return new CcpError("listen_failed", text, { cause });
}

export function connectError({ host, port }: Address, cause: unknown): CcpError {
  const target = formatAddress({ host, port });
  const code = errorCode(cause);
  if (code === "ECONNREFUSED") {
    const text = `${target} refused the connection; is a node running there?`;
    return new CcpError("connection_refused", text, { cause });
  }
  if (code?.startsWith("DNS_") === true || code === "ENOTFOUND" || code === "EAI_AGAIN") {
    const text = `the host name "${host}" does not resolve; check its spelling and the DNS`;
    return new CcpError("host_not_found", text, { cause });
  }
  if (code === "ECONNRESET") {
    const text = `${target} closed the connection at once; has this machine too many to it?`;
    return new CcpError("connect_failed", text, { cause });
  }
  const text = `cannot connect to ${target}: ${errorText(cause)}`;
  return new CcpError("connect_failed", text, { cause });
}

function errorCode(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
