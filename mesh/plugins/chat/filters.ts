/** What the operator wants no line to say. */

import { RE2JS } from "re2js";
import {
  FILTER_CHARS_MAX,
  FILTER_PROGRAM_MAX,
  FILTERS_MAX,
  MASKS_MAX,
  TEXT_BYTES_MAX,
} from "./limits.ts";

const MASK = "***";

/** What the engine puts before a pattern, and quotes with it. */
const CASE_FLAG = "`(?i)";

export type FilterVerdict =
  | { readonly kind: "pass"; readonly text: string }
  /** `index` is that of the pattern among those of `drop`. */
  | { readonly kind: "drop"; readonly index: number };

/** Each of it is chosen by a player. */
interface Spoken {
  /** Of the player, and of the team; empty where there is none. */
  readonly player: string;
  readonly team: string;
  readonly text: string;
}

export type LineVerdict<Line extends Spoken> =
  | { readonly kind: "pass"; readonly line: Line }
  | { readonly kind: "drop" };

export interface FilterPatterns {
  readonly drop: readonly RE2JS[];
  readonly mask: readonly RE2JS[];
}

/**
 * Regular expressions whose time grows with the text alone, whatever the pattern is. They look at what
 * `safeText` has made of a line, and at no more than that can be.
 */
export class Filters {
  readonly #patterns: FilterPatterns;

  /** @param patterns each as {@link compileFilter} makes it */
  constructor(patterns: FilterPatterns) {
    this.#patterns = patterns;
  }

  apply(text: string): FilterVerdict {
    const { drop, mask } = this.#patterns;
    const whole = text.slice(0, TEXT_BYTES_MAX);
    const index = drop.findIndex((pattern) => pattern.test(whole));
    if (index >= 0) return { kind: "drop", index };
    return { kind: "pass", text: mask.reduce(masked, whole) };
  }

  /** A line with its names: what no text may say is in no name either. */
  applyToLine<Line extends Spoken>(line: Line): LineVerdict<Line> {
    const player = this.apply(line.player);
    const team = this.apply(line.team);
    const text = this.apply(line.text);
    if (player.kind === "drop" || team.kind === "drop" || text.kind === "drop") {
      return { kind: "drop" };
    }
    return {
      kind: "pass",
      line: { ...line, player: player.text, team: team.text, text: text.text },
    };
  }

  /** A name that stands in a list with others. */
  applyToName(name: string): string {
    const filtered = this.apply(name);
    return filtered.kind === "drop" ? MASK : filtered.text;
  }
}

function masked(text: string, pattern: RE2JS): string {
  const matcher = pattern.matcher(text);
  let line = "";
  let end = 0;
  for (let count = 0; matcher.find(); count++) {
    if (matcher.end() === matcher.start()) continue;
    line += `${text.slice(end, matcher.start())}${MASK}`;
    // Each match may have looked at the whole rest.
    if (count >= MASKS_MAX) return line;
    end = matcher.end();
  }
  return line + text.slice(end);
}

/** The filter, or what is wrong with it, to follow its name. Letters match in either case, unless it begins with `(?-i)`. */
export function compileFilter(pattern: string): RE2JS | string {
  if (pattern.length > FILTER_CHARS_MAX) {
    return `has ${pattern.length} characters, more than ${FILTER_CHARS_MAX}; split it`;
  }
  const filter = compiled(pattern);
  if (typeof filter === "string") return filter;
  if (filter.programSize() > FILTER_PROGRAM_MAX) {
    return "takes too many steps; its repeat counts, such as {0,1000}, must be smaller";
  }
  if (filter.test("")) return "matches where there is nothing, and so in every line";
  return filter;
}

/** What is wrong with the number of them, to follow the name of the key. */
export function filterCountProblem(count: number): string | undefined {
  if (count <= FILTERS_MAX) return undefined;
  return `makes ${count} filters of drop and mask, more than ${FILTERS_MAX}; join some with |`;
}

function compiled(pattern: string): RE2JS | string {
  try {
    return RE2JS.compile(pattern, RE2JS.CASE_INSENSITIVE);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return `cannot be read as a regular expression: ${text.replace("error parsing regexp: ", "").replace(CASE_FLAG, "`")}`;
  }
}
