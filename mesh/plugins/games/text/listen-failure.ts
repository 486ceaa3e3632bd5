import type { SessionEnd } from "../adapter.ts";
import { addressText } from "../tcp-connection.ts";

export interface ListenPlace {
  readonly host: string;
  readonly port: number;
  readonly gameHost: string;
}

const UNRESOLVED: ReadonlySet<string> = new Set([
  "ENOTFOUND",
  "EAI_AGAIN",
  "ENODATA",
  "ESERVFAIL",
  "ETIMEOUT",
]);

/** Why a feed that listens cannot. */
export function listenFailure(place: ListenPlace, cause: unknown): SessionEnd {
  const { host, port, gameHost } = place;
  const where = addressText(host, port);
  const code = codeOf(cause);
  if (UNRESOLVED.has(code)) {
    const text = `the address of ${gameHost}, where the game is, was not found (${code}); correct host`;
    return { kind: "unreachable", text };
  }
  const text =
    code === "EADDRINUSE"
      ? `${where} is in use by another program; stop it, or set log_port here and in the game`
      : `cannot listen on ${where} (${code}); set log_host to an address of this machine`;
  return { kind: "failed", text };
}

function codeOf(cause: unknown): string {
  if (typeof cause === "object" && cause !== null && "code" in cause) return String(cause.code);
  return cause instanceof Error ? cause.message : String(cause);
}
