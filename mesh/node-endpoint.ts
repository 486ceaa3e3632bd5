/** The endpoint of a node, made of its config. */

import { readFileSync } from "node:fs";
import {
  Endpoint,
  type EndpointLimits,
  formatAddress,
  type ServerTls,
  Whitelist,
} from "../src/index.ts";
import type { NodeConfig, ServerConfig } from "./config/config.ts";
import { errorPlace } from "./error-place.ts";
import { errorText } from "./error-text.ts";
import { listenError } from "./listen-error.ts";
import type { Logger } from "./log.ts";
import { ERRORS_LOGGED, limited, REFUSALS_LOGGED } from "./log-limit.ts";
import { NodeError } from "./node-error.ts";
import { connectionsAllowed } from "./open-files.ts";
import { REFUSAL_LINES } from "./refusals.ts";

/**
 * Listens as the config says, and logs what it refuses.
 *
 * @throws {NodeError} when it cannot
 */
export async function listenAs(
  config: NodeConfig,
  tls: ServerTls | undefined,
  log: Logger,
): Promise<Endpoint> {
  const { server } = config;
  const refusals = limited(log, REFUSALS_LOGGED);
  const failures = limited(log, ERRORS_LOGGED);
  const whitelist = await whitelistOf(server, log);
  try {
    return await Endpoint.listen({
      hostname: server.host,
      port: server.port,
      whitelist,
      limits: fittingLimits(config.limits, log),
      ...(tls === undefined ? {} : { tls }),
      onRefused: (reason, { host: address }) => {
        const { level, text } = REFUSAL_LINES[reason];
        refusals[level](`${reason} ${address}`, text, { reason, address });
      },
      onReceiverError: (error, { name, owner, address }) => {
        const key = `${owner} ${name} ${errorText(error)}`;
        failures.error(key, `${owner} failed while it answered "${name}"`, {
          address: formatAddress(address),
          at: errorPlace(error),
          error,
        });
      },
      onInternalError: (error) => {
        log.error("a connection was closed by a mistake in ccp-mesh; please report it", { error });
      },
    });
  } catch (error) {
    whitelist.close();
    throw listenError(error);
  }
}

export function whitelistOf(server: ServerConfig, log: Logger): Promise<Whitelist> {
  return Whitelist.create(server.whitelist, {
    onUnresolved: (_host, error) => log.error(error.message),
  });
}

/** @throws {NodeError} `tls_unusable` */
export function readTls({ certPath, keyPath }: { certPath: string; keyPath: string }): ServerTls {
  try {
    return { cert: readFileSync(certPath, "utf8"), key: readFileSync(keyPath, "utf8") };
  } catch (cause) {
    const text = errorText(cause);
    throw new NodeError("tls_unusable", `[server] tls_cert or tls_key cannot be read: ${text}`, {
      cause,
    });
  }
}

function fittingLimits(limits: EndpointLimits, log: Logger): EndpointLimits {
  const allowed = connectionsAllowed();
  if (limits.connectionsMax <= allowed) return limits;
  log.warn("the system allows too few open files for connections_max; raise it with ulimit -n", {
    connectionsMax: limits.connectionsMax,
    takenAs: allowed,
  });
  return { ...limits, connectionsMax: allowed };
}
