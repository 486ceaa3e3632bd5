/** The face of `text/` for games that bring parts of their own. */

export { LineReader } from "./text/line-reader.ts";
export type {
  Console,
  ConsoleEvents,
  Feed,
  OpenConsole,
} from "./text/parts.ts";
