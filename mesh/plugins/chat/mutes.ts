import {
  CLOCK_MIN_MS,
  MUTE_AHEAD_MS,
  MUTE_BY_CHARS_MAX,
  MUTE_GRACE_MS,
  MUTE_REASON_CHARS_MAX,
  MUTES_MAX,
} from "./limits.ts";
import { isNewer, type MuteEntry, type MuteTarget, muteKey, muteTargetText } from "./mute-entry.ts";
import { safeText } from "./safe-chat.ts";

export interface NewMute extends MuteTarget {
  /** Milliseconds since 1970; null for ever. */
  readonly untilMs: number | null;
  readonly by: string;
  readonly reason: string;
}

export interface MuteChanges {
  /** What is now otherwise, to be told to others and kept. */
  readonly changed: readonly MuteEntry[];
  /** What had to give way because there were too many; for the log. */
  readonly gaveWay: readonly MuteEntry[];
}

const BY_NAME: Intl.Collator = new Intl.Collator("en");

const NO_CHANGES: MuteChanges = { changed: [], gaveWay: [] };

/**
 * Who may not be heard. Whatever the order in which nodes hear of changes, they end with the same set; the later
 * change counts. `nowMs` is always since 1970.
 */
export class Mutes {
  readonly #entries = new Map<string, MuteEntry>();

  mute({ player, server, untilMs, by, reason }: NewMute, nowMs: number): MuteChanges {
    const said = {
      by: bounded(by, MUTE_BY_CHARS_MAX),
      reason: bounded(reason, MUTE_REASON_CHARS_MAX),
    };
    return this.#change({ player, server, state: "muted", untilMs, ...said }, nowMs);
  }

  /** No changes where it is not muted. */
  lift({ player, server }: MuteTarget, by: string, nowMs: number): MuteChanges {
    const known = this.#entries.get(muteKey({ player, server }));
    if (known === undefined || !isActive(known, nowMs)) return NO_CHANGES;
    const said = { by: bounded(by, MUTE_BY_CHARS_MAX), reason: "" };
    return this.#change({ player, server, state: "lifted", untilMs: null, ...said }, nowMs);
  }

  /** What another node told, or a file held: see `parseMutes`. */
  merge(entries: readonly MuteEntry[], nowMs: number): MuteChanges {
    const changed = entries.filter((entry) => this.#take(entry, nowMs));
    const gaveWay = this.#makeRoom(nowMs);
    return { changed: changed.filter((entry) => this.#isThere(entry)), gaveWay };
  }

  /** The mute that silences the player there, if any. */
  isMuted(player: string, server: string, nowMs: number): MuteEntry | undefined {
    const targets: MuteTarget[] = [
      { player: null, server },
      { player, server: null },
      { player, server },
    ];
    for (const target of targets) {
      const entry = this.#entries.get(muteKey(target));
      if (entry !== undefined && isActive(entry, nowMs)) return entry;
    }
    return undefined;
  }

  /** Those that count now, by their names. */
  list(nowMs: number): readonly MuteEntry[] {
    const active = this.all().filter((entry) => isActive(entry, nowMs));
    return active.toSorted((one, other) =>
      BY_NAME.compare(muteTargetText(one), muteTargetText(other)),
    );
  }

  /** How many {@link list} has. */
  count(nowMs: number): number {
    let count = 0;
    for (const entry of this.#entries.values()) if (isActive(entry, nowMs)) count += 1;
    return count;
  }

  /** With those that are over and still outvote others: what a file keeps, and a node tells one that has come. */
  all(): readonly MuteEntry[] {
    return [...this.#entries.values()];
  }

  #change(change: Omit<MuteEntry, "version">, nowMs: number): MuteChanges {
    const last = this.#entries.get(muteKey(change))?.version ?? -1;
    return this.merge([{ ...change, version: Math.max(nowMs, last + 1) }], nowMs);
  }

  #take(entry: MuteEntry, nowMs: number): boolean {
    if (keptUntilMs(entry) <= nowMs) return false;
    if (entry.version > Math.max(nowMs, CLOCK_MIN_MS) + MUTE_AHEAD_MS) return false;
    const key = muteKey(entry);
    const known = this.#entries.get(key);
    if (known !== undefined && !isNewer(entry, known)) return false;
    this.#entries.set(key, entry);
    return true;
  }

  #isThere(entry: MuteEntry): boolean {
    return this.#entries.get(muteKey(entry)) === entry;
  }

  /** Forgets what is long over, then what is over soonest; answers those of the second kind. */
  #makeRoom(nowMs: number): readonly MuteEntry[] {
    for (const [key, entry] of this.#entries) {
      if (keptUntilMs(entry) <= nowMs) this.#entries.delete(key);
    }
    const surplus = this.#entries.size - MUTES_MAX;
    if (surplus <= 0) return [];
    const gaveWay = this.all().toSorted(bySoonestOver).slice(0, surplus);
    for (const entry of gaveWay) this.#entries.delete(muteKey(entry));
    return gaveWay;
  }
}

function isActive({ state, untilMs }: MuteEntry, nowMs: number): boolean {
  return state === "muted" && (untilMs === null || untilMs > nowMs);
}

/** What is over stays for a while, lest a node that was off brings back what it has taken the place of. */
function keptUntilMs({ state, untilMs, version }: MuteEntry): number {
  if (state === "lifted") return version + MUTE_GRACE_MS;
  return untilMs === null ? Number.POSITIVE_INFINITY : Math.max(untilMs, version) + MUTE_GRACE_MS;
}

/** Among those for ever, the oldest first. The same at every node. */
function bySoonestOver(one: MuteEntry, other: MuteEntry): number {
  const [oneMs, otherMs] = [keptUntilMs(one), keptUntilMs(other)];
  if (oneMs !== otherMs) return oneMs < otherMs ? -1 : 1;
  if (one.version !== other.version) return one.version - other.version;
  return muteKey(one) < muteKey(other) ? -1 : 1;
}

function bounded(text: string, charsMax: number): string {
  const safe = safeText(text) ?? "";
  return safe.slice(0, charsMax).replace(/[\ud800-\udbff]$/, "");
}
