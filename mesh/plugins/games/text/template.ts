import { TEMPLATE_BYTES_MAX } from "./limits.ts";

/** What may stand in a template; anything else in braces is text, unless it looks as if it were one. */
export type Placeholder = "text" | "player" | "id";

/** Why a template cannot be used, to follow the name of its key. */
export interface BadTemplate {
  readonly problem: string;
}

const PLACEHOLDER = /\{([A-Za-z_]+)\}/g;
/** What is unquoted in the config ends there. */
const QUOTES_HINT = "a value with ; or # in it stands in single quotes";
const CONTROL = /\p{Cc}/u;

/** A command with places for text, such as `say "{text}"`. */
export class Template {
  /** Text and placeholders, turn about. */
  readonly #pieces: readonly string[];

  private constructor(pieces: readonly string[]) {
    this.#pieces = pieces;
  }

  /** Of `allowed`, the first must be there. */
  static parse(
    written: string,
    allowed: readonly [Placeholder, ...Placeholder[]],
  ): Template | BadTemplate {
    const known: readonly string[] = allowed;
    if (Buffer.byteLength(written) > TEMPLATE_BYTES_MAX) {
      return { problem: `has more than ${TEMPLATE_BYTES_MAX} bytes` };
    }
    if (CONTROL.test(written)) return { problem: "must be one line without control characters" };
    const pieces = written.split(PLACEHOLDER);
    const names = pieces.filter((_, index) => index % 2 === 1);
    const unknown = names.find((name) => !known.includes(name));
    if (unknown !== undefined) {
      const all = allowed.map((name) => `{${name}}`).join(", ");
      return { problem: `has {${unknown}} in it, and the placeholders are ${all}` };
    }
    if (!names.includes(allowed[0])) {
      return { problem: `must have {${allowed[0]}} in it; ${QUOTES_HINT}` };
    }
    return new Template(pieces);
  }

  /** Whether the placeholder is in it. */
  has(placeholder: Placeholder): boolean {
    return this.count(placeholder) > 0;
  }

  /** How often the placeholder is in it. */
  count(placeholder: Placeholder): number {
    return this.#pieces.filter((piece, index) => index % 2 === 1 && piece === placeholder).length;
  }

  /** Whether its one `{text}` is the last of it, but for a quote. */
  get endsInText(): boolean {
    return this.count("text") === 1 && /^"?$/.test(this.#pieces.at(-1) ?? "");
  }

  /** The first of `{text}` and `{player}` that stands outside double quotes. */
  get unquoted(): "text" | "player" | undefined {
    let quotes = 0;
    for (const [index, piece] of this.#pieces.entries()) {
      if (index % 2 === 0) quotes += piece.split('"').length - 1;
      else if (quotes % 2 === 0 && (piece === "text" || piece === "player")) return piece;
    }
    return undefined;
  }

  /** The command, with values that are escaped already. */
  command(values: Readonly<Partial<Record<Placeholder, string>>>): string {
    return this.#pieces
      .map((piece, index) => (index % 2 === 1 ? valueOf(values, piece) : piece))
      .join("");
  }
}

function valueOf(values: Readonly<Record<string, string | undefined>>, name: string): string {
  return values[name] ?? "";
}
