import type { SettingsReader } from "../../../index.ts";
import type { SessionEvent } from "../adapter.ts";
import { readByPatterns } from "./line-meaning.ts";
import type { ReadLine } from "./parts.ts";
import type { PatternKind, WrittenPatterns } from "./patterns.ts";
import { readWrittenPatterns } from "./read-patterns.ts";

/** The keys of `readPatterns`, of a game that has a reading of its own. */
export function readOverrides(settings: SettingsReader): Overrides {
  return new Overrides(readWrittenPatterns(settings));
}

/** What an operator wrote of lines that the game's own reading understands otherwise, or not at all. */
export class Overrides {
  readonly #patterns: WrittenPatterns;

  constructor(patterns: WrittenPatterns) {
    this.#patterns = patterns;
  }

  /** What the patterns say of the line. */
  read(line: string): ReadLine {
    return readByPatterns(this.#patterns, line);
  }

  /** Whether such an event counts only where a pattern tells of it. */
  replaces(event: SessionEvent): boolean {
    return this.replacesKind(kindOf(event));
  }

  /** As {@link replaces}; `undefined` is no kind. */
  replacesKind(kind: PatternKind | undefined): boolean {
    return kind !== undefined && this.#patterns[kind] !== undefined;
  }
}

const CHAT_KINDS = { all: "chat", team: "team_chat", admin: "admin_chat" } as const;

function kindOf(event: SessionEvent): PatternKind {
  return event.type === "chat" ? CHAT_KINDS[event.audience] : event.type;
}
