/** What went wrong with a connection, in words that tell how to mend it. */

import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";

export class SocketError extends Error {
  override readonly name = "SocketError";
}

/** What the system said of a connection; to follow the address. */
export function socketTrouble(error: unknown): string {
  const code = errorCode(error);
  switch (code) {
    case undefined:
      return error instanceof Error ? error.message : "the connection broke";
    case "ECONNREFUSED":
      return "nothing listens there; is the receiver running?";
    case "ECONNRESET":
    case "EPIPE":
      return "it broke the connection; the receiver was stopped, or does not want this machine";
    case "ETIMEDOUT":
      return "it no longer answers; was its machine or the network switched off?";
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return "no way leads there; check the address and the network";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "the host name does not resolve; check its spelling and the DNS";
    default:
      return code.startsWith("DNS_")
        ? "the host name does not resolve; check its spelling and the DNS"
        : `the connection failed (${code})`;
  }
}

/** @throws {SocketError} */
export async function readAuthorities(path: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    const why = errorCode(error) ?? String(error);
    const advice = "check the path, and that the node's user may read it";
    throw new SocketError(`tls_ca: ${path} cannot be read (${why}); ${advice}`, { cause: error });
  }
  if (text.includes("-----BEGIN CERTIFICATE-----")) return text;
  throw new SocketError(`tls_ca: ${path} has no certificate in it; it must be a PEM file`);
}

/** What is wrong with the file of `tls_ca`, as it is now. */
export async function lackingAuthorities(path: string | undefined): Promise<readonly string[]> {
  if (path === undefined) return [];
  try {
    certificateOf(await readAuthorities(path));
    return [];
  } catch (error) {
    if (error instanceof SocketError) return [error.message];
    return [`tls_ca: ${path} cannot be used (${String(error)}); it must be a PEM file`];
  }
}

function certificateOf(pem: string): X509Certificate {
  return new X509Certificate(pem);
}

export function errorCode(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
