/** Facilities and severities, by name or number. RFC 5424, 6.2.1. */

import type { SettingsReader } from "../../../index.ts";
import { SEVERITIES_MAX } from "./limits.ts";

const FACILITIES = [
  "kern",
  "user",
  "mail",
  "daemon",
  "auth",
  "syslog",
  "lpr",
  "news",
  "uucp",
  "cron",
  "authpriv",
  "ftp",
  "ntp",
  "audit",
  "alert",
  "clock",
  "local0",
  "local1",
  "local2",
  "local3",
  "local4",
  "local5",
  "local6",
  "local7",
] as const;

const SEVERITIES = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"] as const;

/** As people also write them. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  emergency: "emerg",
  panic: "emerg",
  critical: "crit",
  error: "err",
  warn: "warning",
};

const LOCAL0 = 16;
const NOTICE = 5;

export interface Severities {
  /** Of all types that no other names. */
  readonly other: number;
  /** By type, or by its beginning with a dot at the end. */
  readonly byType: ReadonlyMap<string, number>;
}

export function readFacility(settings: SettingsReader): number {
  const written = settings.optional("facility");
  if (written === undefined) return LOCAL0;
  const facility = codeOf(written, FACILITIES);
  if (facility !== undefined) return facility;
  settings.unknownChoice("facility", written, FACILITIES);
  return LOCAL0;
}

/** `notice`, or `notice, player.*:info, chat:debug`. */
export function readSeverities(settings: SettingsReader): Severities {
  let other = NOTICE;
  const byType = new Map<string, number>();
  const items = settings.list("severity");
  if (items.length > SEVERITIES_MAX) {
    settings.problem("severity", `has more than ${SEVERITIES_MAX} items`);
    return { other, byType };
  }
  for (const item of items) {
    const [, type, name = ""] = /^(?:([^\s:]+)\s*:)?\s*(\S*)$/.exec(item) ?? [];
    const severity = codeOf(name, SEVERITIES);
    if (severity === undefined) settings.unknownChoice("severity", name || item, SEVERITIES);
    else if (type === undefined) other = severity;
    else byType.set(type.replace(/\*$/, ""), severity);
  }
  return { other, byType };
}

/** The longest beginning that was named, for `game.player.join`: itself, `game.player.`, `game.`. */
export function severityOf(type: string, { other, byType }: Severities): number {
  if (byType.size === 0) return other;
  const exact = byType.get(type);
  if (exact !== undefined) return exact;
  for (
    let at = type.lastIndexOf(".");
    at >= 0;
    at = at === 0 ? -1 : type.lastIndexOf(".", at - 1)
  ) {
    const severity = byType.get(type.slice(0, at + 1));
    if (severity !== undefined) return severity;
  }
  return other;
}

function codeOf(written: string, names: readonly string[]): number | undefined {
  const name = written.toLowerCase();
  const at = names.indexOf(OTHER_NAMES[name] ?? name);
  if (at >= 0) return at;
  return /^\d{1,2}$/.test(name) && Number(name) < names.length ? Number(name) : undefined;
}
