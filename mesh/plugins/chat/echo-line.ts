/** A line as the echo guard compares it with others. */

import { ECHO_ALONE_CHARS_MIN, ECHO_BETWEEN_CHARS_MAX, ECHO_LONG_CHARS_MIN } from "./limits.ts";
import {
  asciiOf,
  gapBefore,
  isBoundary,
  isFrame,
  type Letters,
  lettersOf,
  squeezed,
} from "./echo-text.ts";

/** Who said what where; names and texts as `safeName` and `safeText` make them. */
export interface SaidLine {
  readonly server: string;
  /** May be empty where an application speaks. */
  readonly player: string;
  readonly text: string;
  /** The relay says it itself, in words that no person uses. */
  readonly isRelays?: boolean;
  /** A bot may repeat it, but it is no earlier line of its speaker's own: one player alone reads it, for example. */
  readonly isApart?: boolean;
}

/** Letters of a name and of a text. */
interface Form {
  readonly name: string;
  readonly text: string;
  /** What stands before the first letter of the text. */
  readonly lead: string;
}

/** What is kept of a line, to know others by it. */
export interface EchoLine {
  /** The same for the same speaker and text. */
  readonly key: string;
  readonly server: string;
  /** Of the speaker. */
  readonly name: string;
  /** What of the text is compared: its letters, or else its signs. */
  readonly said: string;
  readonly hasLetters: boolean;
  readonly isRelays: boolean;
  readonly isApart: boolean;
  /** As it is, and as games without Unicode show it where that differs. */
  readonly forms: readonly Form[];
}

/** What is looked at in a line that may be an echo. */
export interface Candidate {
  readonly text: string;
  readonly line: EchoLine;
  /** Its letters, and those that are ASCII; with the forms of the other line, in this order. */
  readonly letters: readonly Letters[];
}

export function candidateOf(saidLine: SaidLine): Candidate {
  const { server, player, text, isRelays = false, isApart = false } = saidLine;
  const letters = lettersOf(text);
  const ascii = asciiOf(text, letters);
  // An application may have no name but that of its server.
  const speaker = lettersOf(player).letters === "" ? server : player;
  const names = lettersOf(speaker);
  const form: Form = {
    name: names.letters,
    text: letters.letters,
    lead: gapBefore(text, letters, 0),
  };
  const asciiForm: Form = {
    name: asciiOf(speaker, names).letters,
    text: ascii.letters,
    lead: gapBefore(text, ascii, 0),
  };
  const isAscii = form.name === asciiForm.name && form.text === asciiForm.text;
  const said = letters.letters === "" ? squeezed(text) : letters.letters;
  const line: EchoLine = {
    key: [server, player, said].join("\0"),
    server,
    name: form.name,
    said,
    hasLetters: letters.letters !== "",
    isRelays,
    isApart,
    forms: isAscii ? [form] : [form, asciiForm],
  };
  return { text, line, letters: [letters, ascii] };
}

/** Whether the candidate repeats the whole line, or its beginning up to where it was cut, with something before it. */
export function isEchoOf(candidate: Candidate, line: EchoLine): boolean {
  if (!line.hasLetters) return repeatsSigns(candidate, line);
  return line.forms.some((form, at) => {
    const letters = candidate.letters[at];
    if (letters === undefined || form.text === "") return false;
    const isShort = form.text.length < ECHO_LONG_CHARS_MIN;
    if (isShort && line.isRelays) return endsWithWords(candidate.text, letters, form.text);
    if (isShort) return repeatsShort(candidate.text, letters, form);
    const aloneCharsMin = line.isRelays ? ECHO_LONG_CHARS_MIN : ECHO_ALONE_CHARS_MIN;
    return repeatsLong(candidate.text, letters, { ...form, aloneCharsMin });
  });
}

function endsWithWords(text: string, letters: Letters, said: string): boolean {
  const at = letters.letters.length - said.length;
  return letters.letters.endsWith(said) && (at === 0 || isBoundary(gapBefore(text, letters, at)));
}

/** A short text is an echo only at the end, with its speaker's name and a machine's sign before it. */
function repeatsShort(text: string, letters: Letters, { name, text: said, lead }: Form): boolean {
  const at = letters.letters.length - said.length;
  if (name === "" || at < name.length || !letters.letters.endsWith(said)) return false;
  const gap = gapBefore(text, letters, at);
  if (!isFrame(gap.endsWith(lead) ? gap.slice(0, gap.length - lead.length) : gap)) return false;
  return hasName(text, letters, { name, from: at - name.length - ECHO_BETWEEN_CHARS_MAX, to: at });
}

/** A long one also within others, and with its name anywhere before it; still longer ones without. */
function repeatsLong(
  text: string,
  letters: Letters,
  { name, text: said, aloneCharsMin }: Form & { readonly aloneCharsMin: number },
): boolean {
  // First, because what looks like its beginning may be the end of the name: `Alice: eeeeeeeeeeeeeeee`.
  const end = letters.letters.length - said.length;
  const isWhole = end >= name.length && letters.letters.endsWith(said);
  if (isWhole && name !== "" && hasName(text, letters, { name, from: 0, to: end })) return true;
  const head = said.slice(0, ECHO_LONG_CHARS_MIN);
  let at = letters.letters.indexOf(head);
  for (; at >= 0; at = letters.letters.indexOf(head, at + ECHO_LONG_CHARS_MIN)) {
    const rest = letters.letters.slice(at);
    const isCut = said.startsWith(rest);
    if (!isCut && !rest.startsWith(said)) continue;
    if (name !== "" && hasName(text, letters, { name, from: 0, to: at })) return true;
    const isAtEnd = isCut || rest.length === said.length;
    if (isAtEnd && rest.length >= aloneCharsMin) return true;
  }
  return false;
}

/** Such as `<Alice> :)`. */
function repeatsSigns({ text, letters: [letters] }: Candidate, line: EchoLine): boolean {
  if (letters === undefined || line.name === "" || !letters.letters.endsWith(line.name)) {
    return false;
  }
  const tail = squeezed(text.slice(letters.ends.at(-1)));
  const start = letters.letters.length - line.name.length;
  return (
    tail.endsWith(line.said) &&
    isFrame(tail.slice(0, -line.said.length)) &&
    (start === 0 || isBoundary(gapBefore(text, letters, start)))
  );
}

interface NameSearch {
  readonly name: string;
  /** The first letter at which it may begin, and the one at which it must have ended. */
  readonly from: number;
  readonly to: number;
}

/** Whether the name stands there as a word of its own. */
function hasName(text: string, letters: Letters, { name, from, to }: NameSearch): boolean {
  let at = letters.letters.lastIndexOf(name, to - name.length);
  while (at >= Math.max(0, from) && at + name.length <= to) {
    const begins = at === 0 || isBoundary(gapBefore(text, letters, at));
    if (begins && isBoundary(gapBefore(text, letters, at + name.length))) return true;
    if (at === 0) return false;
    at = letters.letters.lastIndexOf(name, at - 1);
  }
  return false;
}
