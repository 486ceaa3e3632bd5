/** Text from elsewhere, whose writers may be hostile, made fit for one line of a game's chat. */

/** Ends a line, or moves on in it; each run becomes one space. */
const BREAKS = /[\p{Cc}\p{Zl}\p{Zp}]+/gu;

/**
 * Shows nothing, turns the direction of the text, or is no character at all. Those that join others, as in emoji
 * and in Persian, stay.
 */
const HIDDEN = /(?![\u200c\u200d])[\p{Cf}\p{Noncharacter_Code_Point}]/gu;

const GRAPHEMES: Intl.Segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });

/** As one line with nothing hidden in it, its spaces kept. */
export function oneLine(text: string): string {
  return text.toWellFormed().replace(BREAKS, " ").replace(HIDDEN, "");
}

/**
 * Its beginning, of which a line of `bytesMax` bytes can be made, lest a text of the greatest size is looked
 * through: four times the room, for what is removed.
 */
export function beginningOf(text: string, bytesMax: number): string {
  return text
    .trimStart()
    .slice(0, 4 * bytesMax)
    .replace(/[\ud800-\udbff]$/, "");
}

export interface CutOptions {
  /** Of the outcome, in UTF-8: what `escape` adds and the ellipsis included. */
  readonly bytesMax: number;
  /** Makes it fit to be quoted, each character for itself. Default: as it is. */
  readonly escape?: (text: string) => string;
  /** Stands where something was cut off, unless there is no room for that alone. Default: nothing. */
  readonly ellipsis?: string;
}

/** The line, escaped; where it is too long it ends at a whole character, as a person counts them. */
export function cutLine(line: string, options: CutOptions): string {
  const { bytesMax, escape = asItIs, ellipsis = "" } = options;
  // More UTF-16 units than bytes cannot fit; what can is within these, and their last character is not.
  const head = line.slice(0, bytesMax + 1);
  const whole = escape(head);
  if (head.length <= bytesMax && Buffer.byteLength(whole) <= bytesMax) return whole;
  const end = Buffer.byteLength(ellipsis) > bytesMax ? "" : ellipsis;
  const roomBytes = bytesMax - Buffer.byteLength(end);
  const kept = fitting(graphemesOf(head), roomBytes, escape);
  // One letter with a thousand accents: better a part of it than nothing.
  return `${kept === "" ? fitting(head, roomBytes, escape) : kept.trimEnd()}${end}`;
}

function asItIs(text: string): string {
  return text;
}

function* graphemesOf(text: string): Generator<string> {
  for (const { segment } of GRAPHEMES.segment(text)) yield segment;
}

function fitting(
  pieces: Iterable<string>,
  bytesMax: number,
  escape: (text: string) => string,
): string {
  let kept = "";
  let bytes = 0;
  for (const piece of pieces) {
    const escaped = escape(piece);
    bytes += Buffer.byteLength(escaped);
    if (bytes > bytesMax) break;
    kept += escaped;
  }
  return kept;
}
