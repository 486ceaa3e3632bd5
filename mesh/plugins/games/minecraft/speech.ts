/** What is said, as commands of the console. */

import type { SettingsReader } from "../../../index.ts";
import { readSpeech } from "../text-game.ts";
import type { Speech } from "../text-reading.ts";

/** With the longest name and the command around it, it stays below the 1,446 bytes that a command may have. */
const TEXT_BYTES_MAX = 1024;

/** Of a player; a selector is none. */
const NAMES = /^[.*]?\w{1,16}$/;

/** Begins a code of the game's that colours, scrambles or hides what follows. */
const SAID_CODES = /§/g;
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

/** The keys of `readSpeech`, and `colour`. */
export function readMinecraftSpeech(settings: SettingsReader): Speech {
  const component = componentOf(settings.choice("colour", COLOURS, "none"));
  return readSpeech(settings, {
    say: `tellraw @a ${component}`,
    tell: `tellraw {player} ${component}`,
    escape: "json",
    // Other members run commands, or look something up.
    members: ["text"],
    textBytesMax: TEXT_BYTES_MAX,
    textBytesLimit: TEXT_BYTES_MAX,
    codes: SAID_CODES,
    names: NAMES,
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
