/** How a line is put together from its parts: `[{server}] {player}: {text}`. */

import { TEMPLATE_CHARS_MAX, TEMPLATE_PLACEHOLDERS_MAX } from "./limits.ts";

export const PLACEHOLDERS = ["server", "player", "text", "channel", "team"] as const;
export type Placeholder = (typeof PLACEHOLDERS)[number];

/** What is not known stands as nothing in the line. */
export type LineParts = Readonly<Partial<Record<Placeholder, string>>>;

/** What braces hold; lone braces are text. */
const BRACED = /\{([^{}]*)\}/g;

type Piece = { readonly literal: string } | { readonly placeholder: Placeholder };

/** Compiled once. What it puts in is never looked at again, so a text that says `{player}` stays as it is. */
export class Template {
  readonly #pieces: readonly Piece[];

  /** @param pieces as {@link compileTemplate} makes them */
  constructor(pieces: readonly Piece[]) {
    this.#pieces = pieces;
  }

  apply(parts: LineParts): string {
    let line = "";
    for (const piece of this.#pieces) {
      line += "literal" in piece ? piece.literal : (parts[piece.placeholder] ?? "");
    }
    return line;
  }
}

/** The template, or what is wrong with it, to follow its name. */
export function compileTemplate(source: string): Template | string {
  if (source.length > TEMPLATE_CHARS_MAX) {
    return `has ${source.length} characters, more than ${TEMPLATE_CHARS_MAX}; shorten it`;
  }
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of source.matchAll(BRACED)) {
    const [braced, name = ""] = match;
    const placeholder = PLACEHOLDERS.find((known) => known === name);
    if (placeholder === undefined) return `has an unknown ${braced}; ${known()}`;
    pieces.push({ literal: source.slice(end, match.index) }, { placeholder });
    end = match.index + braced.length;
  }
  pieces.push({ literal: source.slice(end) });
  return templateOf(pieces);
}

function templateOf(pieces: readonly Piece[]): Template | string {
  const placeholders = pieces.flatMap((piece) =>
    "placeholder" in piece ? [piece.placeholder] : [],
  );
  if (!placeholders.includes("text")) return "shows nothing of what was said; add {text} to it";
  if (placeholders.length > TEMPLATE_PLACEHOLDERS_MAX) {
    return `has ${placeholders.length} placeholders, more than ${TEMPLATE_PLACEHOLDERS_MAX}; leave some out`;
  }
  return new Template(pieces);
}

function known(): string {
  return `known are ${PLACEHOLDERS.map((name) => `{${name}}`).join(", ")}`;
}
