import type { SettingsReader } from "../../../index.ts";
import { PATTERNS_MAX } from "./limits.ts";
import {
  type BuiltInPatterns,
  nativePattern,
  type Pattern,
  type PatternKind,
  type Patterns,
  type WrittenPatterns,
} from "./patterns.ts";
import { writtenPattern } from "./written-pattern.ts";

const NOT_WRITTEN: readonly string[] = [];

/**
 * The keys `ignore`, `admin_chat`, `team_chat`, `chat`, `join`, `leave`, `rename` and `map`: one pattern, or one a
 * line with `chat[] =`. A key that is written takes the place of all that the preset has of its kind; an empty one
 * leaves none.
 */
export function readPatterns(settings: SettingsReader, builtIn: BuiltInPatterns): Patterns {
  const written = readWrittenPatterns(settings);
  return ofEachKind((kind) => written[kind] ?? (builtIn[kind] ?? []).map(nativePattern));
}

/** As {@link readPatterns}, only those that are written. */
export function readWrittenPatterns(settings: SettingsReader): WrittenPatterns {
  return ofEachKind((kind) => readKind(settings, kind));
}

function ofEachKind<Value>(of: (kind: PatternKind) => Value): Readonly<Record<PatternKind, Value>> {
  return {
    ignore: of("ignore"),
    admin_chat: of("admin_chat"),
    team_chat: of("team_chat"),
    chat: of("chat"),
    join: of("join"),
    leave: of("leave"),
    rename: of("rename"),
    map: of("map"),
  };
}

/** `undefined` where it is not written. */
function readKind(settings: SettingsReader, kind: PatternKind): readonly Pattern[] | undefined {
  const written = settings.lines(kind, NOT_WRITTEN);
  if (written === NOT_WRITTEN) return undefined;
  if (written.length > PATTERNS_MAX) {
    settings.problem(kind, `has more than ${PATTERNS_MAX} patterns`);
    return [];
  }
  return written.flatMap((text) => {
    const pattern = writtenPattern(kind, text);
    if (!("problem" in pattern)) return [pattern];
    settings.problem(kind, pattern.problem, text);
    return [];
  });
}
