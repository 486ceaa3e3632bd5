/** Who may not be heard, as nodes tell each other and keep in a file. */

import * as v from "valibot";
import {
  MUTE_BY_CHARS_MAX,
  MUTE_NAME_CHARS_MAX,
  MUTE_REASON_CHARS_MAX,
  MUTES_MAX,
} from "./limits.ts";
import { safeName } from "./safe-chat.ts";

/** Of the two, one at least is there. */
export interface MuteTarget {
  /** Null for all players of the server. */
  readonly player: string | null;
  /** Null for all servers. */
  readonly server: string | null;
}

export interface MuteEntry extends MuteTarget {
  /** `lifted` outvotes what nodes may still have that were off meanwhile. */
  readonly state: "muted" | "lifted";
  /** Milliseconds since 1970; null for ever. */
  readonly untilMs: number | null;
  /**
   * Of two entries for one target the greater counts. Milliseconds since 1970 at the node that made it, but always
   * greater than that of the entry it takes the place of: so a clock that is ahead makes no mute that cannot be lifted.
   */
  readonly version: number;
  readonly by: string;
  readonly reason: string;
}

/** Room above it for as many changes as people make. */
const VERSION_MAX = 2 ** 52;

/** Half a surrogate pair would not be the same again after a journey. */
const ONE_LINE = /^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]*$/u;

const Name = v.nullable(
  v.pipe(v.string(), v.minLength(1), v.maxLength(MUTE_NAME_CHARS_MAX), v.regex(ONE_LINE)),
);
const Time = v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(VERSION_MAX));

const EntrySchema: v.GenericSchema<unknown, MuteEntry> = v.pipe(
  v.object({
    player: Name,
    server: Name,
    state: v.picklist(["muted", "lifted"]),
    untilMs: v.nullable(Time),
    version: Time,
    by: v.pipe(v.string(), v.maxLength(MUTE_BY_CHARS_MAX), v.regex(ONE_LINE)),
    reason: v.pipe(v.string(), v.maxLength(MUTE_REASON_CHARS_MAX), v.regex(ONE_LINE)),
  }),
  v.check(({ player, server }) => player !== null || server !== null),
);

export interface ParsedMutes {
  readonly entries: readonly MuteEntry[];
  /** How many others there were, that are no mutes or too many. */
  readonly bad: number;
}

/** What another node sent, or a file holds. */
export function parseMutes(value: unknown): ParsedMutes {
  if (!Array.isArray(value)) return { entries: [], bad: 1 };
  const entries: MuteEntry[] = [];
  for (const item of value.slice(0, MUTES_MAX)) {
    const parsed = v.safeParse(EntrySchema, item);
    if (parsed.success) entries.push(parsed.output);
  }
  return { entries, bad: value.length - entries.length };
}

/**
 * Whom somebody means: `Bob` on all servers, `Bob@surf` on one, `@surf` for all of one. The last @ counts, so that
 * somebody called `a@b` is `a@b@*`. Undefined where it is none of these.
 */
export function parseMuteTarget(text: string): MuteTarget | undefined {
  const written = text.trim();
  const at = written.lastIndexOf("@");
  const name = safeName(at < 0 ? written : written.slice(0, at));
  const server = at < 0 ? "*" : written.slice(at + 1).trim();
  if (at > 0 && name === undefined) return undefined;
  if (server === "" || server.length > MUTE_NAME_CHARS_MAX || !ONE_LINE.test(server)) {
    return undefined;
  }
  if (server === "*") return name === undefined ? undefined : { player: name, server: null };
  return { player: name ?? null, server };
}

/** As {@link parseMuteTarget} reads it. */
export function muteTargetText({ player, server }: MuteTarget): string {
  if (server !== null) return `${player ?? ""}@${server}`;
  return player?.includes("@") === true ? `${player}@*` : `${player}`;
}

/** The same for all ways to write the target. */
export function muteKey({ player, server }: MuteTarget): string {
  return JSON.stringify(
    [player, server].map((name) => name?.normalize("NFC").toLowerCase() ?? null),
  );
}

/** Whether `entry` counts and not `other`; every node comes to the same. */
export function isNewer(entry: MuteEntry, other: MuteEntry): boolean {
  if (entry.version !== other.version) return entry.version > other.version;
  return canonical(entry) > canonical(other);
}

function canonical({ player, server, state, untilMs, by, reason }: MuteEntry): string {
  return JSON.stringify([state, untilMs, by, reason, player, server]);
}
