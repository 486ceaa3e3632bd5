import type { SettingsReader } from "../../../index.ts";
import type { GameAdapter, Preset } from "../adapter.ts";
import { readOwnGrammar } from "../consoles.ts";
import { readParts } from "../game-parts.ts";
import { TextAdapter } from "../text-game.ts";

/** Any game with a console of lines by TCP, with or without telnet, such as a MUX. */
export const LINE_PRESET: Preset = {
  name: "line",
  create: createLine,
};

function createLine(settings: SettingsReader): GameAdapter {
  return new TextAdapter({
    game: settings.optional("game") ?? "line",
    grammar: readOwnGrammar(settings),
    ...readParts(settings, { console: "line" }),
  });
}
