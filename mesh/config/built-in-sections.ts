/** Sections of the plugins that come with the node: `[game]` and `[chat]`. Each plugin knows its own keys. */

import { checkChatSettings } from "../plugins/chat/plugin.ts";
import { checkGameSettings } from "../plugins/games/plugin.ts";
import { quoted } from "../printable.ts";
import { SettingsReader, type WrittenSettings } from "../settings-reader.ts";
import { type Mistake, sectionLabel } from "./config-error.ts";
import type { IniSection } from "./ini.ts";

export const BUILT_IN_SECTIONS = ["game", "chat"] as const;
export type BuiltInSection = (typeof BUILT_IN_SECTIONS)[number];

const CHECKS: Readonly<Record<BuiltInSection, (settings: SettingsReader) => void>> = {
  game: checkGameSettings,
  chat: checkChatSettings,
};

export function isBuiltInSection(name: string): name is BuiltInSection {
  return Object.hasOwn(CHECKS, name);
}

/** What the section says, and all that is wrong with it. */
export function readBuiltInSection(
  name: BuiltInSection,
  section: IniSection,
): { readonly settings: WrittenSettings; readonly mistakes: readonly Mistake[] } {
  const settings = settingsOf(section);
  const label = sectionLabel(name);
  const reader = new SettingsReader(settings);
  CHECKS[name](reader);
  reader.refuseUnknown(label);
  const mistakes = reader.problems.map(({ key, text }) => {
    const line = section.keys.get(key)?.line ?? section.line;
    return { line, text: `${label} ${/^[\w-]+$/.test(key) ? key : quoted(key)} ${text}` };
  });
  return { settings, mistakes };
}

/** As written, without a prototype in which something could be found that nobody wrote. */
export function settingsOf({ keys }: IniSection): WrittenSettings {
  const settings: Record<string, string | readonly string[]> = Object.create(null);
  for (const [key, { value }] of keys) settings[key] = value;
  return settings;
}
