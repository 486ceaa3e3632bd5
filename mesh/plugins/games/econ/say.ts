/** A line of chat as a command of the console. */

import { beginningOf, cutLine, oneLine } from "../../../index.ts";
import { SAY_BYTES_MAX } from "./limits.ts";

/**
 * The command that says the text, and nothing else, whatever the text is; `undefined` if nothing of it is left.
 * Between quotes neither `;` nor `#` means anything to the console.
 */
export function sayCommand(text: string): string | undefined {
  const fit = sayable(text);
  return fit === "" ? undefined : `say "${fit.replaceAll(/["\\]/g, "\\$&")}"`;
}

/** The text as players will see it: one line, at most as long as the game shows, with whole characters. */
export function sayable(text: string): string {
  const line = oneLine(beginningOf(text, SAY_BYTES_MAX)).trim();
  return cutLine(line, { bytesMax: SAY_BYTES_MAX }).trimEnd();
}
