/** Where a connection goes: read from the `url` of a collector, and from the keys of TLS. */

import { isIPv6 } from "node:net";
import { formatAddress, type SettingsReader } from "../../index.ts";
import { CONNECT_TIMEOUT_MS } from "./socket-limits.ts";

export interface TcpTarget {
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
  /** The scheme and the address, without secrets. */
  readonly where: string;
  readonly tls: TlsTrust | undefined;
  /** For the connection, and the TLS handshake with it. */
  readonly connectTimeoutMs: number;
}

export interface TlsTrust {
  /** A PEM file of authorities to trust instead of the system's; read at each connection, so that it may be renewed. */
  readonly caFile: string | undefined;
}

export interface TargetRules {
  /** The scheme with TLS. */
  readonly tlsScheme: string;
  /** Where the URL names no port; without it a port must be named. */
  readonly port?: number;
  /** Whether the URL goes on after the port; by default it must not. */
  readonly hasPath?: boolean;
}

const CONNECT_RANGE = { min: 100, max: 60_000 };

const NAME = /^[a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9_.])?$/i;

export function readTcpTarget(url: URL, settings: SettingsReader, rules: TargetRules): TcpTarget {
  const scheme = url.protocol.slice(0, -1);
  const host = readHost(url, settings);
  const port = readPort(url, settings, rules);
  if (url.username !== "" || url.password !== "") {
    settings.problem("url", `must have no user and no password: ${scheme} has none`);
  }
  const isBare = url.pathname === "" || url.pathname === "/";
  if ((rules.hasPath !== true && !isBare) || url.search !== "" || url.hash !== "") {
    const after = rules.hasPath === true ? "the plugin's name" : "the port";
    settings.problem("url", `must end after ${after}`);
  }
  return {
    host,
    port,
    where: `${scheme}://${formatAddress({ host, port })}`,
    tls: readTls(scheme === rules.tlsScheme, settings, rules),
    connectTimeoutMs: settings.whole("connect_timeout_ms", CONNECT_TIMEOUT_MS, CONNECT_RANGE),
  };
}

function readHost({ hostname }: URL, settings: SettingsReader): string {
  const host = hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
  if (!NAME.test(host) && !isIPv6(host)) {
    settings.problem("url", "must name a host: its name, or its address, an IPv6 one in brackets");
  }
  return host;
}

function readPort(url: URL, settings: SettingsReader, rules: TargetRules): number {
  if (url.port === "" && rules.port !== undefined) return rules.port;
  const port = Number(url.port);
  if (port === 0) settings.problem("url", "must name a port from 1 to 65535, as in host:6000");
  return port;
}

function readTls(
  isTls: boolean,
  settings: SettingsReader,
  { tlsScheme }: TargetRules,
): TlsTrust | undefined {
  const caFile = settings.optional("tls_ca");
  if (isTls) return { caFile };
  if (caFile !== undefined) {
    settings.problem("tls_ca", `is for a url with TLS; it begins with ${tlsScheme}://`);
  }
  return undefined;
}
