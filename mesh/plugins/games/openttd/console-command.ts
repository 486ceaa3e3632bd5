/** Commands for the game's console, which takes a line for one command and its arguments. */

import { cutLine } from "../../../index.ts";
import { COMMAND_BYTES_MAX } from "./limits.ts";
import { OpenttdError } from "./openttd-error.ts";
import { safeText } from "./safe-text.ts";

/** The server would put a question mark in its place, or end the command there. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\ue000-\ue1ff]/u;

/** @throws {OpenttdError} `invalid_command` */
export function assertCommand(command: string): void {
  const problem = problemOf(command);
  if (problem === undefined) return;
  throw new OpenttdError("invalid_command", `the console command was not sent: ${problem}`);
}

function problemOf(command: string): string | undefined {
  if (command.trim() === "") return "it is empty";
  if (Buffer.byteLength(command) > COMMAND_BYTES_MAX) {
    return `it is longer than ${COMMAND_BYTES_MAX} bytes; shorten it`;
  }
  if (UNPRINTABLE.test(command)) {
    return "it holds a line break or another control character; send one line at a time";
  }
  return undefined;
}

/**
 * Text from elsewhere as it stands between quotation marks, at most `bytesMax` bytes long there. Not for aliases, which
 * take quotation marks apart again.
 */
export function consoleText(text: string, bytesMax: number): string {
  const line = cutLine(safeText(text, bytesMax), {
    bytesMax: bytesMax - 1,
    escape: (piece) => piece.replaceAll('"', '\\"'),
    ellipsis: "…",
  });
  // A backslash escapes nothing but a quotation mark, itself not either: the last one must not meet that of the command.
  return line.endsWith("\\") ? `${line} ` : line;
}
