import type { SettingsReader } from "../../../index.ts";
import type { GameAdapter, Preset } from "../adapter.ts";
import { MINECRAFT } from "../rcon.ts";
import { LineGrammar, readParts, readPatterns, readSpeech, TextAdapter } from "../text-game.ts";
import { MINECRAFT_PATTERNS } from "./patterns.ts";

const PORT = 25_575;

/** With the longest name and the command around it, it stays below the 1,446 bytes that a command may have. */
const TEXT_BYTES_MAX = 1024;

/** Of a player; a selector is none. */
const NAMES = /^[.*]?\w{1,16}$/;

/** Begins a code of the game's that colours, scrambles or hides what follows. */
const SAID_CODES = /§/g;
const READ_CODES = /§[0-9a-fk-orx]/gi;

const COLOURS = [
  "none",
  "black",
  "dark_blue",
  "dark_green",
  "dark_aqua",
  "dark_red",
  "dark_purple",
  "gold",
  "gray",
  "dark_gray",
  "blue",
  "green",
  "aqua",
  "red",
  "light_purple",
  "yellow",
  "white",
] as const;

/** Minecraft: its log in a file, `logs/latest.log`, and RCON. */
export const MINECRAFT_PRESET: Preset = {
  name: "minecraft",
  create: createMinecraft,
};

function createMinecraft(settings: SettingsReader): GameAdapter {
  const component = componentOf(settings.choice("colour", COLOURS, "none"));
  return new TextAdapter({
    game: settings.optional("game") ?? "minecraft",
    ...readParts(settings, { feed: "file", console: "rcon", port: PORT, dialect: MINECRAFT }),
    grammar: new LineGrammar({
      patterns: readPatterns(settings, MINECRAFT_PATTERNS),
      codes: READ_CODES,
      speech: readSpeech(settings, {
        say: `tellraw @a ${component}`,
        tell: `tellraw {player} ${component}`,
        escape: "json",
        textBytesMax: TEXT_BYTES_MAX,
        textBytesLimit: TEXT_BYTES_MAX,
        codes: SAID_CODES,
        names: NAMES,
      }),
    }),
  });
}

/**
 * The text is its only member besides the colour, so that nothing in it is looked up. It is escaped with `\"` and
 * `\\` alone, which mean the same in JSON and in the notation that took its place in 1.21.5.
 */
function componentOf(colour: (typeof COLOURS)[number]): string {
  const more = colour === "none" ? "" : `,"color":"${colour}"`;
  return `{"text":"{text}"${more}}`;
}
