import type { SettingsReader } from "../../../index.ts";
import type { GameAdapter, Preset } from "../adapter.ts";
import { readParts } from "../game-parts.ts";
import { MINECRAFT } from "../rcon.ts";
import { LineGrammar, readPatterns, TextAdapter } from "../text-game.ts";
import { MINECRAFT_PATTERNS } from "./patterns.ts";
import { readMinecraftSpeech } from "./speech.ts";

const PORT = 25_575;

/** Codes of the game's that colour, scramble or hide what follows. */
const READ_CODES = /§[0-9a-fk-orx]/gi;

/** Minecraft: its log in a file, `logs/latest.log`, and RCON. */
export const MINECRAFT_PRESET: Preset = {
  name: "minecraft",
  create: createMinecraft,
};

function createMinecraft(settings: SettingsReader): GameAdapter {
  return new TextAdapter({
    game: settings.optional("game") ?? "minecraft",
    ...readParts(settings, { feed: "file", console: "rcon", port: PORT, dialect: MINECRAFT }),
    grammar: new LineGrammar({
      patterns: readPatterns(settings, MINECRAFT_PATTERNS),
      codes: READ_CODES,
      speech: readMinecraftSpeech(settings),
    }),
  });
}
