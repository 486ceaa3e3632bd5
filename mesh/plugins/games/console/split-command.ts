import { WORDS_MAX } from "./limits.ts";

/** Why a command cannot be run, to follow the name of its key. */
export interface BadCommand {
  readonly problem: string;
}

/** A quoted part, an escaped character, or a run of plain ones. */
const PIECE = /"((?:[^"\\]|\\.)*)"|'([^']*)'|\\(.)|([^\s"'\\]+)|(\s+)/gsy;

/**
 * A command as its words, for no shell to read: blanks separate them, `"…"` and `'…'` keep them together, and a
 * backslash takes the next character as it is, except between apostrophes. Nothing else means anything.
 */
export function splitCommand(text: string): readonly [string, ...string[]] | BadCommand {
  const words: string[] = [];
  let word: string | undefined;
  PIECE.lastIndex = 0;
  while (PIECE.lastIndex < text.length) {
    const match = PIECE.exec(text);
    if (match === null) return { problem: "has an open quote, or a backslash at its end" };
    const [, double, single, escaped, plain, blank] = match;
    if (blank === undefined) {
      word = (word ?? "") + (double?.replace(/\\(.)/gs, "$1") ?? single ?? escaped ?? plain ?? "");
    } else if (word !== undefined) {
      words.push(word);
      word = undefined;
    }
  }
  if (word !== undefined) words.push(word);
  if (words.length > WORDS_MAX) return { problem: `has more than ${WORDS_MAX} words` };
  if (text.includes("\0")) return { problem: "has a NUL in it" };
  const [program = "", ...rest] = words;
  return program === "" ? { problem: "names no program" } : [program, ...rest];
}
