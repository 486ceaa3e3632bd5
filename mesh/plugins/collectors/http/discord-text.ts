/** Text of players as Discord shows it: as it is, in one line, with no format and nobody called. */

/** Ends a line, or moves on in it. */
const BREAKS = /[\p{Cc}\p{Zl}\p{Zp}\s]+/gu;

/** Shows nothing, turns the direction of text, or is no character at all. Those that join others, as in emoji, stay. */
const HIDDEN = /(?![\u200c\u200d])[\p{Cf}\p{Noncharacter_Code_Point}]/gu;

/** Something to be seen; the blank pattern of Braille is a symbol, too. */
const VISIBLE = /(?![\u2800\p{Default_Ignorable_Code_Point}])[\p{L}\p{N}\p{P}\p{S}]/u;

/** Begins a format, a mention, an emoji, a time or a link with other words. */
const FORMATS: ReadonlySet<string> = new Set("\\*_~`|<>[]#");

/**
 * Nobody is called anyway; this keeps it from looking so. A backslash alone would not before `<`, because an address
 * in front of it takes the backslash for its own.
 */
const CALLS = /@(?=everyone|here)|<(?=\S)/giu;
const NOTHING = "\u200b";

/** What an address may have behind its slashes without being a format. */
const URL_PLAIN = /^[\w\-.~:/?#@!$&'()+,;=%]$/;

/** Formats elsewhere; escaped, they would make another address of it. */
const PLAIN_IN_URL: ReadonlySet<string> = new Set("_#~");

/** Nothing where nothing of it can be seen. */
export function discordText(text: string, charsMax: number): string {
  const line = text
    .slice(0, 4 * charsMax)
    .toWellFormed()
    .replace(HIDDEN, "")
    .replace(BREAKS, " ")
    .trim();
  return VISIBLE.test(line) ? escaped(line.replace(CALLS, `$&${NOTHING}`), charsMax) : "";
}

function escaped(line: string, charsMax: number): string {
  let text = "";
  let isInUrl = false;
  for (const character of line) {
    isInUrl = isInUrl ? URL_PLAIN.test(character) : /https?:\/\/$/i.test(text.slice(-8));
    const isPlain = isInUrl && PLAIN_IN_URL.has(character);
    const piece = isPlain || !FORMATS.has(character) ? character : `\\${character}`;
    if (text.length + piece.length >= charsMax) return `${text}…`;
    text += piece;
  }
  return text;
}
