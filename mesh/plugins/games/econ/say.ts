/** What is said, as commands of the console. */

import type { SettingsReader } from "../../../index.ts";
import { readSpeech } from "../text-game.ts";
import type { Speech } from "../text-reading.ts";
import { SAY_BYTES_MAX } from "./limits.ts";

/**
 * Between quotes neither `;` nor `#` means anything to the console. Where it looks for the end of a command it takes any
 * quote behind a backslash for escaped, the last of `"a\\"` too: so what comes before another quote must not end in one.
 */
export function readEconSpeech(settings: SettingsReader): Speech {
  return readSpeech(settings, {
    say: 'say "{text}"',
    escape: "quotes",
    textBytesMax: SAY_BYTES_MAX,
    textBytesLimit: SAY_BYTES_MAX,
    textBytesOf: "shown",
    afterBackslash: " ",
    names: /[^\\]$/,
  });
}
