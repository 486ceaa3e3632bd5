/** The section `[game]`: which adapter, and what it wants to know. */

import type { SettingsReader } from "../../index.ts";
import type { GameAdapter } from "./adapter.ts";
import { PRESETS } from "./presets.ts";

export interface GameSettings {
  /** The preset's name. */
  readonly preset: string;
  readonly adapter: GameAdapter;
  /** Names whose chat is not told: bots, and bridges that repeat lines. In small letters. */
  readonly ignoredPlayers: ReadonlySet<string>;
}

/** `undefined` where something is wrong, which stands in the reader's problems. */
export function readGameSettings(settings: SettingsReader): GameSettings | undefined {
  const names = Object.keys(PRESETS).toSorted();
  const what = `name the game, one of ${names.join(", ")}`;
  const name = settings.required("adapter", what);
  const ignored = settings.list("ignore_players").map((player) => player.toLowerCase());
  const preset = Object.hasOwn(PRESETS, name) ? PRESETS[name] : undefined;
  if (preset === undefined) {
    if (name !== "") settings.unknownChoice("adapter", name, names);
    settings.tolerateUnknown();
    return undefined;
  }
  const adapter = preset.create(settings);
  if (settings.problems.length > 0) return undefined;
  return { preset: name, adapter, ignoredPlayers: new Set(ignored) };
}
