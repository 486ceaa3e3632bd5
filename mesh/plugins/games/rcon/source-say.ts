import { cutLine } from "../chat-text.ts";
import { chatLine } from "./chat-line.ts";

/**
 * Games of the Source engine show 127 bytes of a line of chat, and count the opening quote among
 * them; they cut without regard for characters.
 */
export const SOURCE_SAY_BYTES_MAX = 126;

/**
 * The command that says the text to everyone, or undefined where nothing of it can be shown.
 *
 * Its console ends a command at a newline anywhere and at `;` outside quotes, takes `//` outside
 * quotes for a comment, and knows no way to write a quote within quotes: each becomes an apostrophe.
 */
export function sourceSay(
  text: string,
  bytesMax: number = SOURCE_SAY_BYTES_MAX,
): string | undefined {
  const line = cutLine(chatLine(text).replaceAll('"', "'"), { bytesMax }).trimEnd();
  return line === "" ? undefined : `say "${line}"`;
}
