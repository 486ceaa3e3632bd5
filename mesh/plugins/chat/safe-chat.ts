/**
 * What a line from a game or an application becomes before it travels: one line of plain text in which nothing is
 * hidden, coloured or pings anybody, on a bridge to another chat for example.
 */

import { beginningOf, cutLine, oneLine } from "../../index.ts";
import { NAME_BYTES_MAX, TEXT_BYTES_MAX } from "./limits.ts";

const BELL = String.fromCharCode(7);
const BACKSPACE = String.fromCharCode(8);
const ESCAPE = String.fromCharCode(27);

/** Colours of some Source games, and of terminals: more than the one character that paints in the others. */
const LONG_CODES: RegExp = new RegExp(
  `${BELL}[0-9A-Fa-f]{6}|${BACKSPACE}[0-9A-Fa-f]{8}|${ESCAPE}\\[[0-9;]*[A-Za-z]`,
  "g",
);

/** Those that end a line or move on in it are spaces to people; the others were not there. */
const CODES = /[\p{Cc}--[\t\n\v\f\r\u0085]]/gv;

/** A game's own sprites and colours. */
const PRIVATE = /\p{Co}/gu;

/** Minecraft's. A run of signs goes with the last one's letter, lest what stays is a code again. */
const SECTION_CODES = /(?:§+[0-9A-FK-ORXa-fk-orx])+/g;

/** Ping everybody in Discord, Slack and Mattermost; the first two also where they begin a longer word. */
const CALLS = /@(?=everyone|here|(?:channel|all|room)\b)/giu;

/** Begin the mention of a user, a role, a channel or a group in Discord and Slack. */
const MENTIONS = /<(?=[@#!])/g;

const SPACES = /\s+/gu;

/** Something to be seen; the blank pattern of Braille is a symbol, too. */
const VISIBLE = /(?![\u2800\p{Default_Ignorable_Code_Point}])[\p{L}\p{N}\p{P}\p{S}]/u;

/** The text of a line, of at most 1,000 bytes; undefined where there is nothing to be seen. */
export function safeText(text: string): string | undefined {
  return safeLine(text, TEXT_BYTES_MAX);
}

/** The name of a player, of at most 64 bytes; undefined where there is nothing to be seen. */
export function safeName(name: string): string | undefined {
  return safeLine(name, NAME_BYTES_MAX);
}

function safeLine(text: string, bytesMax: number): string | undefined {
  const plain = plainLine(beginningOf(text, bytesMax));
  // The space makes it other words for machines, and the same for people, in games without Unicode too.
  const harmless = plain.replace(CALLS, "@ ").replace(MENTIONS, "< ");
  const line = cutLine(harmless.replace(SPACES, " ").trim(), { bytesMax }).trimEnd();
  return VISIBLE.test(line) ? line : undefined;
}

function plainLine(text: string): string {
  return oneLine(text.replace(LONG_CODES, "").replace(CODES, ""))
    .replace(PRIVATE, "")
    .replace(SECTION_CODES, "");
}
