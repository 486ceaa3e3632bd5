const MARKS = /[\p{M}\p{Cf}]+/gu;
const OTHERS = /[^\x20-\x7e]/gu;
const VISIBLE = /[\p{L}\p{N}\p{P}\p{S}]/u;

/** Letters without what is on or under them, and `?` for what is none in ASCII. */
export function toAscii(text: string): string {
  const ascii = text.normalize("NFKD").replace(MARKS, "").replace(OTHERS, "?");
  // Some characters are nothing but a mark on a space.
  return ascii.trim() === "" && VISIBLE.test(text) ? "?" : ascii;
}
