/** What is said, as commands of the console. */

import type { SettingsReader } from "../../../index.ts";
import { readSpeech } from "../text-game.ts";
import type { Speech } from "../text-reading.ts";

/**
 * Games of the Source engine show 127 bytes of a line of chat, and count the opening quote among
 * them; they cut without regard for characters.
 */
const TEXT_BYTES_MAX = 126;

/**
 * The console ends a command at `;` outside quotes, takes `//` there for a comment, and knows no way to write a quote
 * within quotes.
 */
export function readSourceSpeech(settings: SettingsReader): Speech {
  return readSpeech(settings, {
    say: 'say "{text}"',
    escape: "apostrophe",
    textBytesMax: TEXT_BYTES_MAX,
  });
}
