/** Whether a text stands in a command where its escape keeps it from being anything else. */

import type { EscapeName } from "./escape.ts";
import type { Template } from "./template.ts";

export interface ProtectionOptions {
  readonly escape: EscapeName;
  /** Names of players cannot be more than one word, wherever they stand. */
  readonly areNamesWords: boolean;
  /** With `json`: the members whose values a text may be. Default: any. */
  readonly members?: readonly string[] | undefined;
}

/** A console that knows quotes could take one in the text for the end of them. */
const QUOTES_WITHOUT_ESCAPE =
  "cannot have double quotes with escape = none: where they keep a text together, escape is quotes or apostrophe";

type Place = "text" | "player";

/** In no template, and in no text that is put into one. */
const MARK = "\0";
/** The mark, as a string of JSON has it. */
const MARK_IN_JSON = String.raw`\u0000`;

/** Of a component of Minecraft, the members whose lists hold texts. */
const LISTS_OF_TEXTS: readonly string[] = ["extra", "with", "rawtext"];

/** The name of a command, ended before all that others have written. */
const OWN_WORD = /^\s*\S*[\p{L}\p{N}_][^\s"]*\s/u;
/** Where a line may be no command at all, its beginning is enough that is no text of others. */
const OWN_BEGINNING = /^\s*\S*[\p{L}\p{N}\p{P}\p{S}]\S*\s/u;

/** Why the template cannot be used, to follow the name of its key. */
export function unprotected(template: Template, options: ProtectionOptions): string | undefined {
  return wrongPlace(template, options) ?? wrongBeginning(template, options.escape);
}

function wrongPlace(template: Template, options: ProtectionOptions): string | undefined {
  switch (options.escape) {
    case "chat":
      return undefined;
    case "none":
      return template.command({}).includes('"') ? QUOTES_WITHOUT_ESCAPE : undefined;
    case "quotes":
    case "apostrophe":
      return outsideQuotes(template);
    case "json":
      return outsideJson(template, options);
    case "mux":
      return backslashed(template) ?? percented(template);
  }
}

/** Of consoles that take a text for one only between double quotes. */
function outsideQuotes(template: Template): string | undefined {
  const place = template.unquoted;
  if (place !== undefined) {
    return `must have {${place}} between double quotes: outside of them it could be more than text`;
  }
  const quotes = template.command({}).split('"').length - 1;
  return quotes % 2 === 0 ? backslashed(template) : "has double quotes that are not closed";
}

/** It would take away the meaning of the backslash, or of the quote, that is to protect the text. */
function backslashed(template: Template): string | undefined {
  const isThere = /\\["\0]/.test(filled(template, MARK));
  return isThere ? 'cannot have a backslash before a " or before a {placeholder}' : undefined;
}

/** It would take the backslash that is to protect the text: for the character it stands for, or for its own name. */
function percented(template: Template): string | undefined {
  const isThere = /%(?:[civqx=](?:<[^>]*)?)?["\0]/i.test(filled(template, MARK));
  return isThere ? 'cannot have a % code before a " or before a {placeholder}' : undefined;
}

function outsideJson(
  template: Template,
  { areNamesWords, members }: ProtectionOptions,
): string | undefined {
  const of = (place: Place): string | undefined => {
    const command = template.command({ [place]: MARK_IN_JSON });
    const isKept = marksIn(jsonAtTheEnd(command), members) === template.count(place);
    const where = members === undefined ? "" : ` as the value of ${members.join(" or ")}`;
    return isKept
      ? undefined
      : `must have {${place}} within a string of JSON${where}, with which the command ends`;
  };
  return of("text") ?? (areNamesWords ? undefined : of("player"));
}

function jsonAtTheEnd(command: string): unknown {
  for (const { index } of command.matchAll(/[{["]/g)) {
    try {
      return JSON.parse(command.slice(index));
    } catch {
      // It begins further on, or is none.
    }
  }
  return undefined;
}

/** How many stand where they may; a text may be at the top, and in a list there. */
function marksIn(json: unknown, members: readonly string[] | undefined, isText = true): number {
  if (typeof json === "string") return isText ? json.split(MARK).length - 1 : 0;
  if (typeof json !== "object" || json === null) return 0;
  let marks = 0;
  for (const [member, value] of Object.entries(json)) {
    const holds = Array.isArray(json) ? isText : mayHold(member, value, members);
    marks += marksIn(value, members, holds);
  }
  return marks;
}

/** A list of one text is read as that text, also where a command is wanted. */
function mayHold(member: string, value: unknown, members: readonly string[] | undefined): boolean {
  const allowed = Array.isArray(value) ? LISTS_OF_TEXTS : members;
  return members === undefined || allowed?.includes(member) === true;
}

/** A text that begins a command would be its name. */
function wrongBeginning(template: Template, escape: EscapeName): string | undefined {
  if (escape === "chat") return undefined;
  const own = escape === "none" ? OWN_BEGINNING : OWN_WORD;
  const isNamed = commandsIn(filled(template, MARK))
    .filter((command) => command.includes(MARK))
    .every((command) => own.test(command.slice(0, command.indexOf(MARK))));
  return isNamed
    ? undefined
    : "must begin with a command and a blank, as say {text} does: the text could be a command";
}

/** As consoles part them that part commands at all. */
function commandsIn(line: string): readonly string[] {
  const commands = [""];
  let isQuoted = false;
  for (const character of line) {
    if (character === '"') isQuoted = !isQuoted;
    if (character === ";" && !isQuoted) commands.push("");
    else commands[commands.length - 1] += character;
  }
  return commands;
}

function filled(template: Template, value: string): string {
  return template.command({ text: value, player: value, id: value });
}
