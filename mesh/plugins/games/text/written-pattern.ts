import { RE2JS } from "re2js";
import { PATTERN_CHARS_MAX, PATTERN_INSTRUCTIONS_MAX } from "./limits.ts";
import { GROUPS, NEEDED_GROUPS, type Pattern, type PatternKind } from "./patterns.ts";

/** Why a pattern cannot be used, to follow the name of its key. */
export interface BadPattern {
  readonly problem: string;
}

/** Of a pattern, in an error. */
const SHOWN_CHARS_MAX = 80;

/**
 * A pattern as an operator wrote it. It is matched by RE2's rules, whose time grows with the line alone, so that no
 * pattern can hang the node. They have no look-around and no back-references.
 */
export function writtenPattern(kind: PatternKind, written: string): Pattern | BadPattern {
  if (written.length > PATTERN_CHARS_MAX) {
    const problem = `has a pattern of more than ${PATTERN_CHARS_MAX} characters: make two of it`;
    return { problem };
  }
  const compiled = compile(written);
  if (typeof compiled === "string") {
    return { problem: `cannot use the pattern ${shown(written)}: ${compiled}` };
  }
  if (compiled.programSize() > PATTERN_INSTRUCTIONS_MAX) {
    return { problem: `cannot use the pattern ${shown(written)}: its repeats {n} are too many` };
  }
  const wrong = wrongGroups(kind, Object.keys(compiled.namedGroups()));
  if (wrong !== undefined) return { problem: `cannot use the pattern ${shown(written)}: ${wrong}` };
  return {
    match: (line) => {
      const matcher = compiled.matcher(line);
      return matcher.find() ? matcher.getNamedGroups() : undefined;
    },
  };
}

/** Answers what is wrong with it, where it cannot be compiled. */
function compile(written: string): RE2JS | string {
  try {
    return RE2JS.compile(written);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const what = message.replace(/^error parsing regexp: /, "");
    const isLookAround = /\(\?<?[=!]/.test(what);
    const hint = isLookAround ? "; look-around is not among the rules of RE2, which are used" : "";
    return `${what}${hint}`;
  }
}

function wrongGroups(kind: PatternKind, groups: readonly string[]): string | undefined {
  const known: readonly string[] = GROUPS;
  const unknown = groups.find((group) => !known.includes(group));
  if (unknown !== undefined) {
    return `it has a group "${unknown}", and the groups are ${GROUPS.join(", ")}`;
  }
  const missing = NEEDED_GROUPS[kind].find((group) => !groups.includes(group));
  return missing === undefined
    ? undefined
    : `it needs a group (?<${missing}>...); a pattern with ; or # in it stands in single quotes`;
}

function shown(written: string): string {
  const cut = written.length > SHOWN_CHARS_MAX;
  return JSON.stringify(cut ? `${written.slice(0, SHOWN_CHARS_MAX)}...` : written);
}
