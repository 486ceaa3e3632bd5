import type { SettingsReader } from "../../../index.ts";

/** How a game writes its chat, and how it is spoken to, cannot be guessed where the game is not known. */
export function requireOwnLines(settings: SettingsReader): void {
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
