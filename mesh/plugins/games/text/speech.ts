import { beginningOf, cutLine, type GameLine, type GamePlayer } from "../../../index.ts";
import { toAscii } from "./ascii.ts";
import { chatLine } from "./chat-line.ts";
import type { Escape } from "./escape.ts";
import { NAME_CHARS_MAX } from "./limits.ts";
import type { SpokenLine } from "./parts.ts";
import type { Template } from "./template.ts";

/** How text becomes a command. */
export interface Speech {
  say(line: GameLine): SpokenLine;
  tell(player: GamePlayer, text: string): SpokenLine;
}

/** What the bytes of a text are counted of: as it stands in the `command`, with what `escape` adds, or as it is `shown`. */
export type TextBytesOf = "command" | "shown";

export interface TemplateSpeechOptions {
  readonly say: Template;
  /** Without it administrators cannot be spoken to alone. */
  readonly sayAdmin: Template | undefined;
  /** Without it no player can be spoken to alone. */
  readonly tell: Template | undefined;
  readonly escape: Escape;
  /** Of the text, in UTF-8. */
  readonly textBytesMax: number;
  readonly textBytesOf: TextBytesOf;
  readonly isAscii: boolean;
  /**
   * Stands behind a text that ends in a backslash, where more than its quote follows in the command: for consoles that
   * find the end of a command in another way than that of an argument.
   */
  readonly afterBackslash: string;
  /** Removed from a text: single characters that begin codes of the game's. */
  readonly codes: RegExp | undefined;
  /** What a player's name must be to stand in a command; others cannot be told anything. */
  readonly names: RegExp | undefined;
}

/** The numbers of games and of accounts; what is none could be more than one word of a command. */
const ID = /^[\w:.[\]-]{1,64}$/;

/** Something to be seen. */
const VISIBLE = /[\p{L}\p{N}\p{P}\p{S}]/u;

export class TemplateSpeech implements Speech {
  readonly #options: TemplateSpeechOptions;

  constructor(options: TemplateSpeechOptions) {
    this.#options = options;
  }

  say(line: GameLine): SpokenLine {
    const { say, sayAdmin } = this.#options;
    const template = line.audience === "admin" ? sayAdmin : say;
    if (template === undefined) return "unsupported";
    const text = this.#text(line.text, template);
    return text === "" ? "empty" : { command: template.command({ text }) };
  }

  tell(player: GamePlayer, text: string): SpokenLine {
    const { tell, escape } = this.#options;
    if (tell === undefined) return "unsupported";
    const shown = this.#text(text, tell);
    if (shown === "") return "empty";
    const name = this.#nameIn(tell, player);
    const id = idIn(tell, player);
    if (name === undefined || id === undefined) return "unsupported";
    return { command: tell.command({ player: name, id: escape(id), text: shown }) };
  }

  #text(text: string, template: Template): string {
    const { escape, textBytesMax: bytesMax, textBytesOf, afterBackslash } = this.#options;
    const line = this.#plain(beginningOf(text, bytesMax));
    if (!VISIBLE.test(line)) return "";
    const cut =
      textBytesOf === "shown"
        ? escape(cutLine(line, { bytesMax }).trimEnd())
        : cutLine(line, { bytesMax, escape }).trimEnd();
    return cut.endsWith("\\") && !template.endsInText ? cut + afterBackslash : cut;
  }

  /** `undefined` if it is wanted and there is none that can stand in a command. */
  #nameIn(template: Template, player: GamePlayer): string | undefined {
    if (!template.has("player")) return "";
    const { escape, names } = this.#options;
    // A name that was changed would be another player's.
    const name = this.#plain(player.name);
    const isSame = name !== "" && name === player.name && name.length <= NAME_CHARS_MAX;
    return isSame && names?.test(name) !== false ? escape(name) : undefined;
  }

  #plain(text: string): string {
    const { codes, isAscii } = this.#options;
    const line = chatLine(codes === undefined ? text : text.replace(codes, ""));
    return isAscii ? toAscii(line).trim() : line;
  }
}

function idIn(template: Template, { id = "" }: GamePlayer): string | undefined {
  if (!template.has("id")) return "";
  return ID.test(id) ? id : undefined;
}
