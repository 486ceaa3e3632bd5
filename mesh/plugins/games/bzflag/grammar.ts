import { beginningOf, cutLine, type GameLine, type GamePlayer } from "../../../index.ts";
import {
  chatLine,
  type Grammar,
  type ReadLine,
  type SpokenLine,
  toAscii,
} from "../text-reading.ts";

export interface BzflagGrammarOptions {
  readonly read: (line: string) => ReadLine;
  /** What stands before what is said to all: nothing, or the command that says it as the server. */
  readonly sayCommand: string;
  /** Of the text alone. */
  readonly textBytesMax: number;
}

const ELLIPSIS = "...";

/** Names that can stand between quotes. */
const QUOTABLE = /^[^"\\]{1,31}$/;

/** Around a name and a text. */
const TELL_BYTES = '/msg "" '.length;
const LINE_BYTES = 127;

export class BzflagGrammar implements Grammar {
  readonly #options: BzflagGrammarOptions;

  constructor(options: BzflagGrammarOptions) {
    this.#options = options;
  }

  read(line: string): ReadLine {
    return this.#options.read(line);
  }

  say(line: GameLine): SpokenLine {
    if (line.audience === "admin") return "unsupported";
    const { sayCommand, textBytesMax } = this.#options;
    const text = asciiLine(line.text, textBytesMax);
    if (text === "") return "empty";
    // At the beginning of a message it would make a command of it.
    return { command: sayCommand === "" && text.startsWith("/") ? ` ${text}` : sayCommand + text };
  }

  tell({ name }: GamePlayer, text: string): SpokenLine {
    if (toAscii(name) !== name || !QUOTABLE.test(name)) return "unsupported";
    const shown = asciiLine(text, LINE_BYTES - TELL_BYTES - name.length);
    return shown === "" ? "empty" : { command: `/msg "${name}" ${shown}` };
  }
}

function asciiLine(text: string, bytesMax: number): string {
  const line = toAscii(chatLine(beginningOf(text, bytesMax))).trim();
  return cutLine(line, { bytesMax, ellipsis: ELLIPSIS });
}
