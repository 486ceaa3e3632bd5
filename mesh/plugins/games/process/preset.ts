import type { SettingsReader } from "../../../index.ts";
import type { GameAdapter, Preset } from "../adapter.ts";
import { FifoConsole, readCommand, readOwnGrammar } from "../consoles.ts";
import { TextAdapter } from "../text-game.ts";
import type { Console, Feed } from "../text-parts.ts";
import { FileFeed } from "../text-reading.ts";

/**
 * Any game whose console is its standard input and output: one that the node runs (`command`), or one that writes a
 * log and reads a pipe (`log` and `input`).
 */
export const PROCESS_PRESET: Preset = {
  name: "process",
  create: createProcess,
};

function createProcess(settings: SettingsReader): GameAdapter {
  const game = settings.optional("game") ?? "process";
  const grammar = readOwnGrammar(settings);
  return new TextAdapter({ game, grammar, ...readProcess(settings) });
}

function readProcess(settings: SettingsReader): {
  readonly console: Console;
  readonly feed?: Feed;
} {
  const log = settings.optional("log");
  const input = settings.optional("input");
  const isWritten = settings.has("command");
  const command = readCommand(settings);
  if (isWritten) {
    for (const key of ["log", "input"]) {
      if (settings.has(key)) settings.problem(key, "has no meaning where there is a command");
    }
  } else if (log === undefined || input === undefined) {
    settings.problem("command", "is missing: what starts the game; or give its log and its input");
  }
  if (command !== undefined) return { console: command };
  return {
    console: new FifoConsole({ path: input ?? "" }),
    feed: new FileFeed({ path: log ?? "" }),
  };
}
