import type { SettingsReader } from "../../../index.ts";
import type { GameAdapter, Preset } from "../adapter.ts";
import { readParts } from "../game-parts.ts";
import { SOURCE, SOURCE_2 } from "../rcon.ts";
import { LineGrammar, readPatterns, TextAdapter } from "../text-game.ts";
import { SOURCE_PATTERNS } from "./patterns.ts";
import { readSourceSpeech } from "./speech.ts";

const PORT = 27_015;

/**
 * Any game of the Source engine, or of its second version. Its log arrives by UDP (`log on`, `logaddress_add`), by
 * HTTP (Counter-Strike 2: `logaddress_add_http`), or stands in a file.
 */
export const SOURCE_PRESET: Preset = {
  name: "source",
  create: createSource,
};

function createSource(settings: SettingsReader): GameAdapter {
  const engine = settings.choice("engine", ["source", "source2"], "source");
  return new TextAdapter({
    game: settings.optional("game") ?? "source",
    ...readParts(settings, {
      feed: engine === "source2" ? "http" : "udp",
      console: "rcon",
      port: PORT,
      dialect: engine === "source2" ? SOURCE_2 : SOURCE,
    }),
    grammar: new LineGrammar({
      patterns: readPatterns(settings, SOURCE_PATTERNS),
      speech: readSourceSpeech(settings),
    }),
  });
}
