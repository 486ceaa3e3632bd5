import type { SettingsReader } from "../../../index.ts";
import { LineGrammar, readPatterns, readSpeech } from "../text-game.ts";

/** Below what the lines of most games have. */
const TEXT_BYTES_MAX = 200;

/** How a game writes its chat, and how it is spoken to, cannot be guessed where the game is not known. */
export function readOwnGrammar(settings: SettingsReader): LineGrammar {
  requireOwnLines(settings);
  return new LineGrammar({
    patterns: readPatterns(settings, {}),
    speech: readSpeech(settings, {
      say: "{text}",
      escape: "none",
      isAnyEscape: true,
      textBytesMax: TEXT_BYTES_MAX,
    }),
  });
}

function requireOwnLines(settings: SettingsReader): void {
  if (!settings.has("chat")) {
    settings.problem(
      "chat",
      "is missing: a pattern with the groups (?<player>...) and (?<text>...)",
    );
  }
  if (!settings.has("say")) {
    settings.problem("say", "is missing: the command that shows {text}, such as: say {text}");
  }
}
