import type { GameLine, GamePlayer } from "../../../index.ts";
import { readByPatterns } from "./line-meaning.ts";
import type { Grammar, ReadLine, SpokenLine } from "./parts.ts";
import type { Patterns } from "./patterns.ts";
import type { Speech } from "./speech.ts";

export interface LineGrammarOptions {
  readonly patterns: Patterns;
  readonly speech: Speech;
  /** Removed from a line before it is matched: the game's own codes, of colours for example. */
  readonly codes?: RegExp;
}

/** Lines by patterns, text by templates. */
export class LineGrammar implements Grammar {
  readonly #options: LineGrammarOptions;

  constructor(options: LineGrammarOptions) {
    this.#options = options;
  }

  read(line: string): ReadLine {
    const { patterns, codes } = this.#options;
    return readByPatterns(patterns, line, codes);
  }

  say(line: GameLine): SpokenLine {
    return this.#options.speech.say(line);
  }

  tell(player: GamePlayer, text: string): SpokenLine {
    return this.#options.speech.tell(player, text);
  }
}
