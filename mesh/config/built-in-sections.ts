/** Sections of the plugins that come with the node: `[game]`, `[chat]`, `[collector:NAME]`. Each plugin knows its own keys. */

import { checkChatSettings } from "../plugins/chat/plugin.ts";
import { checkCollector } from "../plugins/collectors/plugin.ts";
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
export function readBuiltInSection(name: BuiltInSection, section: IniSection): ReadSection {
  return readSection(sectionLabel(name), section, CHECKS[name]);
}

/** As keys are written, mistyped ones too; with digits it may be a secret. */
const PLAIN_KEY = /^[A-Za-z_-]{1,40}$|^[\w-]{1,15}$/;
const SECRET_CHARS_MIN = 16;

/** Sections of collectors: `[collector:NAME]`. */
const COLLECTOR_PREFIX = "collector:";
const COLLECTOR_NAME = /^[A-Za-z0-9_-]{1,64}$/;

/** NAME, whatever is wrong with it; undefined for another section. */
export function collectorNameOf(section: string): string | undefined {
  return section.startsWith(COLLECTOR_PREFIX) ? section.slice(COLLECTOR_PREFIX.length) : undefined;
}

interface ReadCollector extends ReadSection {
  /** Files of this machine that no other collector may have. */
  readonly files: readonly string[];
}

/** As {@link readBuiltInSection}; the keys of the settings begin with the name and a dot. */
export function readCollectorSection(
  name: string,
  node: string,
  section: IniSection,
): ReadCollector {
  const label = sectionLabel(COLLECTOR_PREFIX + name);
  if (!COLLECTOR_NAME.test(name)) {
    const text = `${label}: a collector's name is 1 to 64 letters, digits, dashes or underscores`;
    return { settings: {}, mistakes: [{ line: section.line, text }], files: [] };
  }
  let files: readonly string[] = [];
  const { settings, mistakes } = readSection(label, section, (reader) => {
    files = checkCollector(name, node, reader);
  });
  const named: Record<string, string | readonly string[]> = Object.create(null);
  for (const [key, value] of Object.entries(settings)) named[`${name}.${key}`] = value;
  return { settings: named, mistakes, files };
}

interface ReadSection {
  readonly settings: WrittenSettings;
  readonly mistakes: readonly Mistake[];
}

function readSection(
  label: string,
  section: IniSection,
  check: (settings: SettingsReader) => void,
): ReadSection {
  const settings = settingsOf(section);
  const reader = new SettingsReader(settings);
  check(reader);
  reader.refuseUnknown(label);
  const mistakes = reader.problems.flatMap(({ key, text, item }) => {
    const written = section.keys.get(key);
    // Why it could not be read is told already, and that it is missing is not true.
    if (written === undefined && section.unread.has(key)) return [];
    const line = written?.lines?.[item ?? 0] ?? written?.line ?? section.line;
    return [{ line, text: `${label} ${shownKey(key, reader)} ${text}` }];
  });
  return { settings, mistakes };
}

/** A key that nobody asked for may be a line of a secret that got lost: with its last = it looks like a key. */
function shownKey(key: string, reader: SettingsReader): string {
  if (reader.isAsked(key) || PLAIN_KEY.test(key)) return key;
  return key.length < SECRET_CHARS_MIN ? quoted(key) : "a key, not shown as it may be a secret,";
}

/** As written, without a prototype in which something could be found that nobody wrote. */
export function settingsOf({ keys }: IniSection): WrittenSettings {
  const settings: Record<string, string | readonly string[]> = Object.create(null);
  for (const [key, { value }] of keys) settings[key] = value;
  return settings;
}
