/** Hosts to listen on, as a config names them: an address, a host name, or nothing for all interfaces. */

import { isIP, isIPv4 } from "node:net";

const HOST_CHARS_MAX = 253;
const HOST_LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/i;

export function isHost(host: string): boolean {
  if (host === "" || isIP(host) !== 0) {
    return true;
  }
  const labels = host.split(".");
  // A last label of digits is a mistyped address, as 10.0.0.256 is.
  const isName =
    labels.every((label) => HOST_LABEL.test(label)) && !/^\d+$/.test(labels.at(-1) ?? "");
  return isName && host.length <= HOST_CHARS_MAX;
}

/** Whether only programs of this machine reach it. */
export function isLoopbackHost(host: string): boolean {
  if (isIPv4(host)) {
    return host.startsWith("127.");
  }
  return host.toLowerCase() === "localhost" || host === "::1";
}

/** Whether the same port cannot be taken on both. */
export function hostsOverlap(a: string, b: string): boolean {
  return coversOther(a, b) || coversOther(b, a);
}

function coversOther(host: string, other: string): boolean {
  // Listening on :: takes IPv4 along.
  if (host === "" || host === "::") {
    return true;
  }
  if (host === "0.0.0.0") {
    return isIP(other) !== 6;
  }
  if (host.toLowerCase() === "localhost") {
    return isLoopbackHost(other);
  }
  return host.toLowerCase() === other.toLowerCase();
}
