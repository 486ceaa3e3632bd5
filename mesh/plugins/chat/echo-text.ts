/** Text as it can be compared after games, bots and bridges have put something around it or changed its form. */

/** The letters and digits of a text, of any script, without accents and in lower case; and where each stood. */
export interface Letters {
  readonly letters: string;
  /** Of each UTF-16 unit of `letters`: where its character begins in the text. */
  readonly starts: readonly number[];
  /** And where it ends. */
  readonly ends: readonly number[];
}

/** Those that have no accent to be taken off, as games without them write them. */
const FOLDED: Readonly<Record<string, string>> = {
  ß: "ss",
  æ: "ae",
  œ: "oe",
  ø: "o",
  đ: "d",
  ð: "d",
  ł: "l",
  þ: "th",
  ı: "i",
};

const NO_LETTERS = /[^\p{L}\p{N}]+/gu;
const ASCII_LETTER = /[a-z0-9]/;

/** Something that parts two words; an accent does not. */
const BOUNDARY = /[^\p{M}]/u;

/** What bots and games put between a name and what is said. People who address somebody write a comma, or nothing. */
const FRAME = /[:>»›)\]}|~=*"“”„«‹→⇒–—-]/;

const SMILEY = /[:;=]-?[)(\][|\\/]/;

export function lettersOf(text: string): Letters {
  let letters = "";
  const starts: number[] = [];
  const ends: number[] = [];
  let start = 0;
  for (const character of text) {
    const end = start + character.length;
    const folded = foldedCharacter(character);
    letters += folded;
    for (let unit = 0; unit < folded.length; unit++) {
      starts.push(start);
      ends.push(end);
    }
    start = end;
  }
  return { letters, starts, ends };
}

function foldedCharacter(character: string): string {
  const lower = character.toLowerCase();
  if (ASCII_LETTER.test(lower) && lower.length === 1) return lower;
  return FOLDED[lower] ?? lower.normalize("NFKD").replace(NO_LETTERS, "");
}

/** What is left of the text where all that is not ASCII becomes `?`. */
export function asciiOf(text: string, { letters, starts, ends }: Letters): Letters {
  const kept = [...starts.keys()].filter((at) => text.charCodeAt(starts[at] ?? 0) < 0x80);
  return {
    letters: kept.map((at) => letters.charAt(at)).join(""),
    starts: kept.map((at) => starts[at] ?? 0),
    ends: kept.map((at) => ends[at] ?? 0),
  };
}

/** What stands in `text` before the letter `at`, since the letter before. */
export function gapBefore(text: string, { starts, ends }: Letters, at: number): string {
  return text.slice(at === 0 ? 0 : ends[at - 1], starts[at] ?? text.length);
}

/** Whether a word may end and another begin there. */
export function isBoundary(gap: string): boolean {
  return BOUNDARY.test(gap);
}

/** Whether it parts a name from what is said, as a machine writes it. */
export function isFrame(gap: string): boolean {
  return FRAME.test(gap) && !SMILEY.test(gap);
}

/** Without spaces, for texts without letters, such as `:)`. */
export function squeezed(text: string): string {
  return text.replace(/\s+/gu, "").toLowerCase();
}
