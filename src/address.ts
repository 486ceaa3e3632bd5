/** Hosts and ports as people write them and as sockets report them. */

import { isIP, isIPv4 } from "node:net";
import ipaddr from "ipaddr.js";
import { CcpError } from "./errors.ts";

/** Where to dial, or who dialled. */
export interface Address {
  /** An IPv4 address, an IPv6 address without brackets, or a host name. */
  readonly host: string;
  readonly port: number;
}

/** A parsed IP address. */
export type Ip = ipaddr.IPv4 | ipaddr.IPv6;

/** `::ffff:0:0/96`, where a socket that listens on `::` shows its IPv4 clients (RFC 4291, 2.5.5.2). */
const MAPPED = { base: ipaddr.IPv6.parse("::ffff:0:0"), prefixBits: 96 } as const;
const MAPPED_PREFIX = "::ffff:";

const PORT_MAX = 65_535;
const HOST_NAME_LENGTH_MAX = 253;
/** Underscores are no part of a host name by RFC 952, but container networks have them. */
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/i;
const NUMERIC_LABEL = /^(?:\d+|0x[\da-f]*)$/i;

/**
 * Parses an IP address, zone id and all; undefined for anything else.
 *
 * The system's own check goes first because `ipaddr.js` also takes `1`, `0x7f.1` and octal parts.
 */
export function parseIp(text: string): Ip | undefined {
  switch (isIP(text)) {
    case 4:
      return ipaddr.IPv4.parse(text);
    case 6:
      return ipaddr.IPv6.parse(withHexTail(withoutZone(text)));
    default:
      return undefined;
  }
}

/** The IPv4 address in an IPv4-mapped IPv6 address; undefined for any other address. */
export function mappedIpv4(ip: Ip): ipaddr.IPv4 | undefined {
  return ip instanceof ipaddr.IPv6 && ip.match(MAPPED.base, MAPPED.prefixBits)
    ? ip.toIPv4Address()
    : undefined;
}

/**
 * The one spelling of a host by which it is compared: IPv4-mapped IPv6 as IPv4, IPv6 as in RFC 5952
 * without a zone id, all else in lower case.
 */
export function normalizeHost(host: string): string {
  if (!host.includes(":")) {
    return host.toLowerCase();
  }
  // An IPv4 client of a socket that listens on "::" looks so, and is worth no parser.
  if (host.startsWith(MAPPED_PREFIX) && isIPv4(host.slice(MAPPED_PREFIX.length))) {
    return host.slice(MAPPED_PREFIX.length);
  }
  const ip = parseIp(host);
  if (ip === undefined) {
    return host.toLowerCase();
  }
  return (mappedIpv4(ip) ?? ip).toString();
}

/** `1.2.3.4:5`, `example.com:5` or `[::1]:5`. */
export function formatAddress({ host, port }: Address): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * Reads `host:port`, `[IPv6]:port`, and, with a default port, a bare host. The host is kept as it
 * is written, with its zone id, because a link-local address cannot be dialled without one.
 *
 * @throws {CcpError} `invalid_option` that says what is wrong and how to write it
 */
export function parseAddress(text: string, defaultPort?: number): Address {
  const { host, portText } = splitAddress(text);
  if (isIP(host) === 0 && !isHostName(host)) {
    throw new CcpError(
      "invalid_option",
      `"${text}" is not an address; write a host name or an IP address with its port, ` +
        "such as example.com:28080, 10.0.0.1:28080 or [::1]:28080",
    );
  }
  if (portText !== undefined) {
    return { host, port: parsePort(text, portText) };
  }
  if (defaultPort === undefined) {
    const example = formatAddress({ host, port: 28_080 });
    throw new CcpError("invalid_option", `"${text}" has no port; write it as in ${example}`);
  }
  return { host, port: defaultPort };
}

/** Whether the text can be a host name. */
export function isHostName(text: string): boolean {
  const labels = (text.endsWith(".") ? text.slice(0, -1) : text).split(".");
  return (
    text.length <= HOST_NAME_LENGTH_MAX &&
    labels.every((label) => LABEL.test(label)) &&
    // Resolvers take a name that ends in a number, such as 127.1 or 0x7f.1, for an IPv4 address.
    !NUMERIC_LABEL.test(labels.at(-1) ?? "")
  );
}

/** The two halves of an address, of which the second may be missing. */
function splitAddress(text: string): {
  readonly host: string;
  readonly portText: string | undefined;
} {
  const [, bracketed = "", bracketedPort] = /^\[([^\]]+)\](?::(.*))?$/.exec(text) ?? [];
  if (isIP(bracketed) === 6) {
    return { host: bracketed, portText: bracketedPort };
  }
  const colon = text.indexOf(":");
  // Several colons are IPv6 without a port, or a mistake.
  if (colon !== text.lastIndexOf(":") || colon === -1) {
    return { host: text, portText: undefined };
  }
  return { host: text.slice(0, colon), portText: text.slice(colon + 1) };
}

/** @throws {CcpError} `invalid_option` unless the port is a whole number from `least` to 65,535 */
export function assertPort(port: unknown, least: 0 | 1): void {
  if (typeof port === "number" && Number.isInteger(port) && port >= least && port <= PORT_MAX) {
    return;
  }
  const text = `the port must be a whole number from ${least} to ${PORT_MAX}, not ${String(port)}`;
  throw new CcpError("invalid_option", text);
}

function parsePort(text: string, portText: string): number {
  const port = /^\d{1,5}$/.test(portText) ? Number(portText) : 0;
  if (port === 0 || port > PORT_MAX) {
    throw new CcpError(
      "invalid_option",
      `the port of "${text}" must be a whole number from 1 to ${PORT_MAX}`,
    );
  }
  return port;
}

function withoutZone(text: string): string {
  const zone = text.indexOf("%");
  return zone === -1 ? text : text.slice(0, zone);
}

/**
 * `::1.2.3.4` as `::102:304`: `ipaddr.js` reads the former as `::ffff:1.2.3.4`, which is another
 * address, and one that this library takes for IPv4.
 */
function withHexTail(text: string): string {
  const colon = text.lastIndexOf(":");
  const tail = text.slice(colon + 1);
  if (!tail.includes(".")) {
    return text;
  }
  const [a = 0, b = 0, c = 0, d = 0] = ipaddr.IPv4.parse(tail).octets;
  return `${text.slice(0, colon + 1)}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
}
