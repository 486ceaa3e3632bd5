/** What a whitelist entry can say. */

import { isIP } from "node:net";
import { type Ip, isHostName, mappedIpv4, normalizeHost, parseIp } from "./address.ts";
import { CcpError } from "./errors.ts";

/** All addresses whose first `prefixBits` are those of `base`. */
export interface AddressRange {
  readonly base: Ip;
  readonly prefixBits: number;
}

export type WhitelistEntry =
  | { readonly kind: "addresses"; readonly addresses: readonly string[] }
  | { readonly kind: "range"; readonly range: AddressRange }
  | { readonly kind: "name"; readonly name: string };

/** Never asked of DNS, whose answer often lacks one of the two or comes from somebody else. */
const LOOPBACKS = ["127.0.0.1", "::1"] as const;

/** Bits of `::ffff:0:0/96`, before the IPv4 address that it holds. */
const MAPPED_PREFIX_BITS = 96;

/**
 * Reads an address, a range, or a host name.
 *
 * @throws {CcpError} `invalid_option` that names the entry and what is accepted
 */
export function parseWhitelistEntry(entry: string): WhitelistEntry {
  const slash = entry.indexOf("/");
  if (slash !== -1) {
    return { kind: "range", range: parseRange(entry, slash) };
  }
  const address = withoutBrackets(entry);
  if (isIP(address) !== 0) {
    return { kind: "addresses", addresses: [normalizeHost(address)] };
  }
  if (!isHostName(entry)) {
    throw notAnEntry(entry);
  }
  // A dot at the end is the root of DNS, and the same name without one.
  const name = entry.toLowerCase().replace(/\.$/, "");
  return name === "localhost"
    ? { kind: "addresses", addresses: LOOPBACKS }
    : { kind: "name", name };
}

/** Whether the address is in the range. An IPv6 range holds no IPv4 address, nor the other way round. */
export function inRange(ip: Ip, { base, prefixBits }: AddressRange): boolean {
  return ip.kind() === base.kind() && ip.match(base, prefixBits);
}

function parseRange(entry: string, slash: number): AddressRange {
  const base = parseIp(withoutBrackets(entry.slice(0, slash)));
  const prefixText = entry.slice(slash + 1);
  const prefixBits = /^(?:0|[1-9]\d{0,2})$/.test(prefixText) ? Number(prefixText) : undefined;
  if (base === undefined || prefixBits === undefined || prefixBits > addressBits(base)) {
    throw notAnEntry(entry);
  }
  const ipv4 = mappedIpv4(base);
  if (ipv4 === undefined) {
    return { base, prefixBits };
  }
  if (prefixBits < MAPPED_PREFIX_BITS) {
    throw new CcpError(
      "invalid_option",
      `whitelist: "${entry}" is wider than all of IPv4; write an IPv4 range as in 10.0.0.0/8`,
    );
  }
  return { base: ipv4, prefixBits: prefixBits - MAPPED_PREFIX_BITS };
}

function addressBits(ip: Ip): number {
  return ip.kind() === "ipv4" ? 32 : 128;
}

/** Brackets belong around IPv6 alone. */
function withoutBrackets(text: string): string {
  const inner = text.startsWith("[") && text.endsWith("]") ? text.slice(1, -1) : text;
  return isIP(inner) === 6 ? inner : text;
}

function notAnEntry(entry: string): CcpError {
  return new CcpError(
    "invalid_option",
    `whitelist: "${entry}" is neither an address, a range such as 10.0.0.0/8, nor a host name`,
  );
}
