/** What is wrong with a config, all of it at once, in words for the person who wrote it. */

import { printable, shortened } from "../printable.ts";

/** A terminal shows this many at once; a file with more is not a config file. */
const MISTAKES_SHOWN_MAX = 50;

/** One thing to put right. `text` never contains a secret. */
export interface Mistake {
  /** The line of the config file, from 1; none where no line is to blame. */
  readonly line?: number;
  readonly text: string;
}

/**
 * | code | it means |
 * |---|---|
 * | `not_found` | there is no such file |
 * | `unreadable` | the system refuses to read it, or it is a folder |
 * | `too_large` | it is too large to be a config file |
 * | `not_text` | it is not UTF-8 text |
 * | `invalid` | what it says, or what the command line says, is mistaken |
 */
export type ConfigErrorCode = "not_found" | "unreadable" | "too_large" | "not_text" | "invalid";

/** Why a config cannot be used. `message` is ready for a terminal: one mistake a line. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly code: ConfigErrorCode;
  /** In the order of the file; those without a line come first. */
  readonly mistakes: readonly Mistake[];

  constructor(code: ConfigErrorCode, path: string, mistakes: readonly Mistake[]) {
    const sorted = mistakes.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0));
    super(messageOf(path, sorted));
    this.code = code;
    this.mistakes = sorted;
  }
}

/** A section as the file writes it. */
export function sectionLabel(name: string): string {
  return `[${printable(shortened(name, 64))}]`;
}

function messageOf(path: string, mistakes: readonly Mistake[]): string {
  const lines = mistakes
    .slice(0, MISTAKES_SHOWN_MAX)
    .map(({ line, text }) => (line === undefined ? text : `${path}:${line}: ${text}`));
  const hidden = mistakes.length - lines.length;
  if (hidden > 0) lines.push(`${hidden} more mistakes are not shown`);
  return lines.join("\n");
}
