import { beginningOf, cutLine, type GameLine, type GamePlayer } from "../../../index.ts";
import {
  chatLine,
  type Grammar,
  type Overrides,
  type ReadLine,
  type SpokenLine,
  toAscii,
} from "../text-reading.ts";
import { isCommand, type Message } from "./message.ts";

export interface BzflagGrammarOptions extends Message {
  readonly read: (line: string) => ReadLine;
  /** Whether nobody else is to know of the line. */
  readonly isPrivate: (line: string) => boolean;
  /** How lines are read before they are read by `read`. */
  readonly overrides: Overrides;
  /** The name under which the node is in the game. */
  readonly nick: string;
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
    const { overrides, read, isPrivate } = this.#options;
    if (isPrivate(line)) return "ignored";
    const found = overrides.read(line);
    if (found !== undefined) return this.#isOwn(found) ? "ignored" : found;
    const own = read(line);
    const isReplaced = own !== undefined && own !== "ignored" && overrides.replaces(own);
    return isReplaced ? undefined : own;
  }

  say(line: GameLine): SpokenLine {
    if (line.audience === "admin") return "unsupported";
    const { say, textBytesMax } = this.#options;
    const text = asciiLine(line.text, textBytesMax);
    if (text === "") return "empty";
    const command = say.command({ text });
    // At the beginning of a message it would make a command of it.
    return { command: !isCommand(say) && command.startsWith("/") ? ` ${command}` : command };
  }

  tell({ name }: GamePlayer, text: string): SpokenLine {
    if (toAscii(name) !== name || !QUOTABLE.test(name)) return "unsupported";
    const shown = asciiLine(text, LINE_BYTES - TELL_BYTES - name.length);
    return shown === "" ? "empty" : { command: `/msg "${name}" ${shown}` };
  }

  /** The node is no player, and what it says is no chat, whatever a pattern makes of it. */
  #isOwn(read: ReadLine): boolean {
    if (read === undefined || read === "ignored" || !("player" in read)) return false;
    return read.player.name === this.#options.nick || read.player.name === "SERVER";
  }
}

function asciiLine(text: string, bytesMax: number): string {
  const line = toAscii(chatLine(beginningOf(text, bytesMax))).trim();
  return cutLine(line, { bytesMax, ellipsis: ELLIPSIS });
}
