/** Why a node cannot listen, with the keys and options that change it. */

import { CcpError, formatAddress } from "../src/index.ts";
import type { NodeConfig } from "./config/config.ts";
import { errorText } from "./error-text.ts";
import { NodeError } from "./node-error.ts";

/** What a failed `Endpoint.listen` means for the config. */
export function listenError(error: unknown): unknown {
  if (!(error instanceof CcpError)) return error;
  const cause = { cause: error };
  if (error.code === "address_in_use") {
    const text = `${error.message}. Is a node running already? Set another [server] port, or use --port`;
    return new NodeError("port_in_use", text, cause);
  }
  if (error.code === "tls_failed") {
    const text = `${error.message}; see [server] tls_cert and tls_key`;
    return new NodeError("tls_unusable", text, cause);
  }
  return new NodeError("listen_failed", `${error.message}; see [server] host and port`, cause);
}

/** As `listenError`, for the admin address. */
export function adminError({ host, port }: NodeConfig["admin"], cause: unknown): NodeError {
  const where = `the admin address ${formatAddress({ host, port })}`;
  if (cause instanceof Error && "code" in cause && cause.code === "EADDRINUSE") {
    const text =
      `${where} is in use: another program listens there already. ` +
      "Is a node running already? Set another [admin] port, or use --admin-port";
    return new NodeError("port_in_use", text, { cause });
  }
  const why = errorText(cause);
  const text = `${where} cannot be listened on: ${why}; see [admin] host and port`;
  return new NodeError("listen_failed", text, { cause });
}
