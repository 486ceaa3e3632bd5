/** `header[] = Name: value`, what an operator adds to each request. */

import type { SettingsReader } from "../../../index.ts";
import { HEADER_CHARS_MAX, HEADERS_MAX } from "./limits.ts";

const LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*)$/;
const PRINTABLE = /^[\x20-\x7e]*$/;

/** They say how the request is made, and what is in it. */
const OWN: ReadonlySet<string> = new Set([
  "accept-encoding",
  "connection",
  "content-encoding",
  "content-length",
  "expect",
  "host",
  "idempotency-key",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "x-ccp-signature",
  "x-ccp-timestamp",
]);

/** By their names in small letters. A problem never shows a value, which may be a secret. */
export function readHeaderLines(settings: SettingsReader): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  const lines = settings.lines("header");
  if (lines.length > HEADERS_MAX) {
    settings.problem(
      "header",
      `has ${lines.length} lines, more than ${HEADERS_MAX}; leave some out`,
    );
    return headers;
  }
  for (const [index, line] of lines.entries()) {
    const [, name, value = ""] = LINE.exec(line) ?? [];
    const problem = problemOf(name?.toLowerCase(), value, headers);
    if (problem !== undefined) settings.problem("header", `line ${index + 1} ${problem}`);
    else if (name !== undefined) headers.set(name.toLowerCase(), value.trim());
  }
  return headers;
}

function problemOf(
  name: string | undefined,
  value: string,
  headers: ReadonlyMap<string, string>,
): string | undefined {
  if (name === undefined) return "must be as in Name: value";
  if (value === "") return `has no value for ${name}`;
  if (name.length + value.length > HEADER_CHARS_MAX) {
    return `has more than ${HEADER_CHARS_MAX} characters; shorten it`;
  }
  if (!PRINTABLE.test(value)) return `has characters in ${name} that a header cannot have`;
  if (OWN.has(name)) return `sets ${name}, which the collector sets itself; leave it out`;
  return headers.has(name) ? `sets ${name} a second time; leave one out` : undefined;
}
