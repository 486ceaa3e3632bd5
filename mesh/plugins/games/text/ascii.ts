const MARKS = /[\p{M}\p{Cf}]+/gu;
const OTHERS = /[^\x20-\x7e]/gu;

/** Letters without what is on or under them, and `?` for what is none in ASCII. */
export function toAscii(text: string): string {
  return text.normalize("NFKD").replace(MARKS, "").replace(OTHERS, "?");
}
