import { oneLine } from "../../../index.ts";

/** As a terminal would be told to colour what follows. */
const TERMINAL_CODES = /(?![\t\n\v\f\r\u0085])\p{Cc}\[[\d;]{0,32}[A-Za-z]/gu;

/** Control characters that end no line: they colour text in some games, so that no space takes their place. */
const COLOURS = /(?![\t\n\v\f\r\u0085])\p{Cc}/gu;

/** One line without anything that moves, colours or turns it. */
export function chatLine(text: string): string {
  return oneLine(text.replace(TERMINAL_CODES, "").replace(COLOURS, "")).trim();
}
