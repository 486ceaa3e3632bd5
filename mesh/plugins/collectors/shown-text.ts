/** Of what a receiver answers, in the log and the status. */
const SHOWN_CHARS_MAX = 200;

const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu;

/** What a receiver says, fit to stand in one line of a log: quoted, and not too long. */
export function shownText(text: string): string {
  const line = text
    .slice(0, 2 * SHOWN_CHARS_MAX)
    .replace(UNPRINTABLE, " ")
    .trim();
  return `"${line.length <= SHOWN_CHARS_MAX ? line : `${line.slice(0, SHOWN_CHARS_MAX)}…`}"`;
}
