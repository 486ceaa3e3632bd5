import { oneLine } from "../chat-text.ts";

/** Control characters that end no line: they colour text in some games, so that no space takes their place. */
const COLOURS = /(?![\t\n\v\f\r\u0085])\p{Cc}/gu;

/** One line without anything that moves, colours or turns it. */
export function chatLine(text: string): string {
  return oneLine(text.replace(COLOURS, "")).trim();
}
