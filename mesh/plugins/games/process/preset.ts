import type { SettingsReader } from "../../../index.ts";
import type { GameAdapter, Preset } from "../adapter.ts";
import { readOwnGrammar } from "../consoles.ts";
import { readParts } from "../game-parts.ts";
import { TextAdapter } from "../text-game.ts";

/**
 * Any game whose console is its standard input and output: one that the node runs (`command`), or one that writes a
 * log and reads a pipe (`log` and `input`).
 */
export const PROCESS_PRESET: Preset = {
  name: "process",
  create: createProcess,
};

function createProcess(settings: SettingsReader): GameAdapter {
  const isOthers = settings.has("input") && !settings.has("command");
  return new TextAdapter({
    game: settings.optional("game") ?? "process",
    grammar: readOwnGrammar(settings),
    ...readParts(settings, { console: isOthers ? "fifo" : "process" }),
  });
}
