/** Text from files, peers and people, made fit to stand in one line of a terminal or a log. */

/**
 * Everything that moves the cursor, ends a line, turns the direction of text or shows nothing, and
 * lone surrogates: with any of them a stranger's text could hide or forge a line.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

const SHORT_ESCAPES: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** Escapes in JSON's notation, so that a JSON text still means the same afterwards. */
export function printable(text: string): string {
  return text.replace(
    UNPRINTABLE,
    (character) => SHORT_ESCAPES[character] ?? escapeUnits(character),
  );
}

function escapeUnits(character: string): string {
  let escaped = "";
  for (let i = 0; i < character.length; i++) {
    escaped += `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`;
  }
  return escaped;
}

/** At most `charsMax` characters of `text`, and how many more there were. */
export function shortened(text: string, charsMax: number): string {
  if (text.length <= charsMax) {
    return text;
  }
  return `${text.slice(0, charsMax)}… (${text.length - charsMax} more)`;
}

/** A value that someone wrote, as a message to that person shows it. */
export function quoted(text: string): string {
  return printable(JSON.stringify(shortened(text, 64)));
}

/** At most `bytesMax` bytes of it, in UTF-8; it ends at a whole character. */
export function beginningOf(text: string, bytesMax: number): string {
  const room = new Uint8Array(bytesMax);
  const { written } = new TextEncoder().encodeInto(text, room);
  return new TextDecoder().decode(room.subarray(0, written));
}
