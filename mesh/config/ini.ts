/**
 * INI text to sections, keys and values, each with its line.
 *
 * The `ini` package decides how an unquoted or double-quoted value reads. Lines and sections are
 * read here, because its `parse` keeps no line numbers, nests section names at their dots, lets a
 * second key win in silence, skips lines it cannot read and turns some values into non-strings.
 */

import { unsafe as decodeValue } from "ini";
import { quoted } from "../printable.ts";
import { type Mistake, sectionLabel } from "./config-error.ts";

interface IniKey {
  /** A list where the key was written `key[] = value`, once for each item. */
  readonly value: string | readonly string[];
  /** Where the key first stands, from 1. */
  readonly line: number;
  /** Of a list: where each item stands. */
  readonly lines?: readonly number[];
}

export interface IniSection {
  readonly line: number;
  readonly keys: ReadonlyMap<string, IniKey>;
  /** Keys that stand there with a value that cannot be read, which is a mistake of its own. */
  readonly unread: ReadonlySet<string>;
}

export interface IniFile {
  readonly sections: ReadonlyMap<string, IniSection>;
  readonly mistakes: readonly Mistake[];
}

const COMMENT_OR_BLANK = /^(?:[;#]|$)/;
const SECTION = /^\[\s*([^\]\s][^\]]*)\]\s*(?:[;#]|$)/;
/** A value may hold the line separator of Unicode, at which no line of a file ends. */
const KEY_AND_VALUE = /^([^=;#]+)=(.*)$/s;
const LIST_SUFFIX = "[]";

/** Reads all of `text`; a mistake costs its own line and no other. */
export function parseIni(text: string): IniFile {
  const sections = new Map<string, MutableSection>();
  const mistakes: Mistake[] = [];
  let section: MutableSection | undefined;
  for (const [index, untrimmed] of text.split(/\r\n|\n|\r/).entries()) {
    const line = index + 1;
    // This takes a byte order mark away, too.
    const content = untrimmed.trim();
    if (COMMENT_OR_BLANK.test(content)) {
      continue;
    }
    const sectionName = SECTION.exec(content)?.[1]?.trim();
    if (sectionName !== undefined) {
      const first = sections.get(sectionName);
      if (first !== undefined) {
        const label = sectionLabel(sectionName);
        mistakes.push({
          line,
          text: `${label} already began in line ${first.line}; move its keys there`,
        });
      }
      section = first ?? { line, keys: new Map(), unread: new Set() };
      sections.set(sectionName, section);
      continue;
    }
    const problem = addKey(section, content, line);
    if (problem !== undefined) {
      mistakes.push({ line, text: problem });
    }
  }
  return { sections, mistakes };
}

interface MutableSection {
  readonly line: number;
  readonly keys: Map<string, MutableKey>;
  readonly unread: Set<string>;
}

interface MutableKey {
  readonly value: string | string[];
  readonly line: number;
  readonly lines?: number[];
}

/** Adds the key of this line to the section, or says what is wrong with the line. */
function addKey(
  section: MutableSection | undefined,
  content: string,
  line: number,
): string | undefined {
  const [, writtenKey, rawValue] = KEY_AND_VALUE.exec(content) ?? [];
  // The line itself is not shown: it may be the second half of a secret.
  if (content.startsWith("[") || writtenKey === undefined || rawValue === undefined) {
    return "this is neither a [section], nor a key = value, nor a comment";
  }
  const key = writtenKey.trim();
  const isList = key.length > LIST_SUFFIX.length && key.endsWith(LIST_SUFFIX);
  const name = isList ? key.slice(0, -LIST_SUFFIX.length).trim() : key;
  if (section === undefined) {
    return `${quoted(name)} stands before the first [section]`;
  }

  const read = readValue(rawValue);
  if ("problem" in read) {
    section.unread.add(name);
    return `the value of ${quoted(name)} ${read.problem}`;
  }
  const first = section.keys.get(name);
  if (first === undefined) {
    const key = isList ? { value: [read.value], line, lines: [line] } : { value: read.value, line };
    section.keys.set(name, key);
  } else if (isList && typeof first.value !== "string") {
    first.value.push(read.value);
    first.lines?.push(line);
  } else {
    return `${quoted(name)} is already set in line ${first.line}; keep one of the two`;
  }
  return undefined;
}

type ReadValue = { readonly value: string } | { readonly problem: string };

function readValue(raw: string): ReadValue {
  const trimmed = raw.trim();
  const isQuoted = trimmed.startsWith('"') || trimmed.startsWith("'");
  return isQuoted ? readQuoted(trimmed) : readUnquoted(raw);
}

function readQuoted(raw: string): ReadValue {
  const quote = raw.charAt(0);
  const end = quote === "'" ? raw.indexOf("'", 1) : indexOfUnescaped('"', raw, 1);
  if (end === -1) {
    return { problem: `has no closing ${quote}` };
  }
  if (!COMMENT_OR_BLANK.test(raw.slice(end + 1).trim())) {
    return { problem: `goes on after its closing ${quote}` };
  }
  // The package would make a number of '007' and an object of '{}'.
  if (quote === "'") {
    return { value: raw.slice(1, end) };
  }
  const literal = raw.slice(0, end + 1);
  const value = decodeValue(literal);
  // The package hands back, quotes included, what it cannot decode.
  if (value !== literal) {
    return { value };
  }
  return { problem: "has a lone backslash or a tab in double quotes; single quotes keep them" };
}

/**
 * Cuts a trailing comment off, but only one that is set apart by white space: a `;` or `#` inside
 * a secret would otherwise shorten it, and nobody would notice.
 */
function readUnquoted(raw: string): ReadValue {
  const end = indexOfUnescaped(";#", raw, 0);
  if (end === -1) {
    return { value: decodeValue(raw) };
  }
  const value = raw.slice(0, end);
  const mark = raw.charAt(end);
  const isApart = /\s$/.test(value);
  // `channel = #general` is no empty value with a comment, `host = # everywhere` is.
  const isMeantAsValue = value.trim() === "" && /^\S/.test(raw.slice(end + 1));
  if (isApart && !isMeantAsValue) {
    return { value: decodeValue(value) };
  }
  return {
    problem: `would be cut off at its ${mark}, which starts a comment; put it in double quotes`,
  };
}

/** Where the first of `characters` stands without a backslash before it; -1 if nowhere. */
function indexOfUnescaped(characters: string, text: string, from: number): number {
  for (let i = from; i < text.length; i++) {
    if (text[i] === "\\") {
      i++;
    } else if (characters.includes(text.charAt(i))) {
      return i;
    }
  }
  return -1;
}
