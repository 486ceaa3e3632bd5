/** A body of an operator's own: text with places for what an event says. */

import type { Envelope } from "../../../index.ts";
import { TEMPLATE_CHARS_MAX, TEMPLATE_PLACEHOLDERS_MAX } from "./limits.ts";

const NAMES = ["topic", "node", "time", "type", "id", "payload"] as const;
type Name = (typeof NAMES)[number];

const PLACEHOLDER = /\{([A-Za-z_][\w.-]*)\}/g;
const JSON_OBJECT = /^\s*\{\s*"/;
const CONTROLS = /[\p{Cc}\p{Zl}\p{Zp}]+/gu;
const KNOWN = "{topic}, {node}, {time}, {type}, {id}, {payload} and {payload.NAME}";

/** Of each kind that a value may be of; `undefined` where it is not there. */
const SAMPLES = ["text", 7, undefined, { key: [] }] as const;

interface Place {
  /** As it stands in the template. */
  readonly braced: string;
  readonly name: Name;
  /** From the payload on. */
  readonly path: readonly string[];
  readonly write: (value: unknown) => string;
}

/** Text and places, turn about. */
type Pieces = readonly (string | Place)[];

/** One line an event. */
export class Template {
  /** Whether its lines are JSON. */
  readonly isJson: boolean;
  readonly #pieces: Pieces;

  /** @param pieces as {@link compileTemplate} makes them */
  constructor(pieces: Pieces, isJson: boolean) {
    this.#pieces = pieces;
    this.isJson = isJson;
  }

  line(envelope: Envelope): string {
    let line = "";
    for (const piece of this.#pieces) {
      line += typeof piece === "string" ? piece : piece.write(valueAt(envelope, piece));
    }
    return line;
  }
}

/**
 * The template, or what is wrong with it, to follow its name. Where it is JSON, values are too: within a string they
 * are escaped, elsewhere they are JSON values. In any other text they stand as they are, in one line.
 */
export function compileTemplate(source: string): Template | string {
  if (source.length > TEMPLATE_CHARS_MAX) {
    return `has ${source.length} characters, more than ${TEMPLATE_CHARS_MAX}; shorten it`;
  }
  CONTROLS.lastIndex = 0;
  if (CONTROLS.test(source)) return "must be one line without control characters";
  if (source.trim() === "") {
    return "is empty: write what the body is to be, or leave it out";
  }
  const isJson = isJsonText(source.replace(PLACEHOLDER, "0"));
  if (!isJson && JSON_OBJECT.test(source)) {
    return "looks like JSON and is none: check its quotes, commas and braces";
  }
  const pieces: (string | Place)[] = [];
  let end = 0;
  let isInString = false;
  for (const match of source.matchAll(PLACEHOLDER)) {
    const [braced, dotted = ""] = match;
    const [first = "", ...path] = dotted.split(".");
    const name = NAMES.find((known) => known === first);
    if (name === undefined || (name !== "payload" && path.length > 0)) {
      return `has an unknown ${braced}; known are ${KNOWN}`;
    }
    const text = source.slice(end, match.index);
    isInString = endsInString(text, isInString);
    pieces.push(text, { braced, name, path, write: writerFor(isJson, isInString) });
    end = match.index + braced.length;
  }
  if (pieces.length === 0) return `says nothing of the event; known are ${KNOWN}`;
  if (pieces.length > 2 * TEMPLATE_PLACEHOLDERS_MAX) {
    return `has more than ${TEMPLATE_PLACEHOLDERS_MAX} placeholders; leave some out`;
  }
  pieces.push(source.slice(end));
  const odd = isJson ? pieces.find((piece) => !isJsonWithAny(pieces, piece)) : undefined;
  if (typeof odd === "object") {
    return `is JSON only with some values of ${odd.braced}; put it in quotes, or part it from what stands beside it`;
  }
  return new Template(pieces, isJson);
}

/** Whether it is JSON whatever value stands in this place. */
function isJsonWithAny(pieces: Pieces, place: Pieces[number]): boolean {
  return SAMPLES.every((sample) =>
    isJsonText(
      pieces
        .map((piece) =>
          typeof piece === "string" ? piece : piece.write(piece === place ? sample : 0),
        )
        .join(""),
    ),
  );
}

function isJsonText(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object";
  } catch {
    return false;
  }
}

/** Of a piece of JSON, whether a string is open at its end. */
function endsInString(text: string, isInString: boolean): boolean {
  const quotes = text.replaceAll(/\\./g, "").split('"').length - 1;
  return isInString === (quotes % 2 === 0);
}

function writerFor(isJson: boolean, isInString: boolean): Place["write"] {
  if (!isJson) return (value) => plainText(value).replace(CONTROLS, " ");
  if (isInString) return (value) => JSON.stringify(plainText(value)).slice(1, -1);
  return (value) => JSON.stringify(value ?? null);
}

function plainText(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

function valueAt(envelope: Envelope, { name, path }: Place): unknown {
  let value: unknown = envelope[name];
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = Object.getOwnPropertyDescriptor(value, key)?.value;
  }
  return value;
}
