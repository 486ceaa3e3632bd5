import type { SettingsReader, WholeRange } from "../../../index.ts";
import { ESCAPES, type EscapeName, escapeBy } from "./escape.ts";
import { type Speech, TemplateSpeech, type TextBytesOf } from "./speech.ts";
import { type Placeholder, Template } from "./template.ts";

/** What a preset says where the config says nothing. */
export interface SpeechDefaults {
  readonly say: string;
  readonly sayAdmin?: string;
  readonly tell?: string;
  readonly escape: EscapeName;
  readonly textBytesMax: number;
  /** See `TemplateSpeechOptions`. Default: `command`. */
  readonly textBytesOf?: TextBytesOf;
  /** What the console can take at most. Default: 1,000. */
  readonly textBytesLimit?: number;
  readonly isAscii?: boolean;
  /** See `TemplateSpeechOptions`. Default: nothing. */
  readonly afterBackslash?: string;
  /** See `TemplateSpeechOptions`. */
  readonly codes?: RegExp;
  readonly names?: RegExp;
}

const TEXT_BYTES_LIMIT = 1000;
/** Less would show nothing of most texts. */
const TEXT_BYTES_MIN = 16;

/** Those that keep text from ending the quotes that it stands between, and do nothing for it outside of them. */
const QUOTED: ReadonlySet<EscapeName> = new Set(["quotes", "apostrophe"]);

/** The keys `say`, `say_admin`, `tell`, `escape`, `text_bytes_max` and `ascii`. */
export function readSpeech(settings: SettingsReader, defaults: SpeechDefaults): Speech {
  const range: WholeRange = {
    min: TEXT_BYTES_MIN,
    max: defaults.textBytesLimit ?? TEXT_BYTES_LIMIT,
  };
  const say = readSay(settings, defaults.say);
  const sayAdmin = readTemplate(settings, "say_admin", defaults.sayAdmin, ["text"]);
  const tell = readTell(settings, defaults.tell);
  const escape = settings.choice("escape", ESCAPES, defaults.escape);
  if (QUOTED.has(defaults.escape) && QUOTED.has(escape)) {
    refuseUnquoted(settings, "say", say, defaults.say);
    // Where there is none of the preset's own, the console is still the one that takes `say`.
    refuseUnquoted(settings, "say_admin", sayAdmin, defaults.sayAdmin ?? defaults.say);
    refuseUnquoted(settings, "tell", tell, defaults.tell ?? defaults.say);
  }
  return new TemplateSpeech({
    say,
    sayAdmin,
    tell,
    escape: escapeBy(escape),
    textBytesMax: settings.whole("text_bytes_max", defaults.textBytesMax, range),
    textBytesOf: defaults.textBytesOf ?? "command",
    isAscii: settings.isOn("ascii", defaults.isAscii ?? false),
    afterBackslash: defaults.afterBackslash ?? "",
    codes: defaults.codes,
    names: defaults.names,
  });
}

/** Where the preset's own is quoted, the console ends a command at `;`, and whoever chats could begin another. */
function refuseUnquoted(
  settings: SettingsReader,
  key: string,
  template: Template | undefined,
  own: string,
): void {
  const unquoted = template?.unquoted;
  if (unquoted === undefined || !isQuoted(own)) return;
  settings.problem(
    key,
    `must have {${unquoted}} between double quotes: outside of them the console takes ; for the end of the command`,
  );
}

function isQuoted(own: string): boolean {
  const template = Template.parse(own, ["text", "player", "id"]);
  return template instanceof Template && template.unquoted === undefined;
}

/** The key `say`. */
export function readSay(settings: SettingsReader, fallback: string): Template {
  const written = parseTemplate(settings, "say", settings.text("say", fallback), ["text"]);
  if (written !== undefined) return written;
  const own = Template.parse(fallback, ["text"]);
  if (own instanceof Template) return own;
  throw new Error(`a preset's own template ${own.problem}`);
}

/** The key `tell`. */
export function readTell(settings: SettingsReader, fallback?: string): Template | undefined {
  const template = readTemplate(settings, "tell", fallback, ["text", "player", "id"]);
  if (template === undefined || template.has("player") || template.has("id")) return template;
  settings.problem("tell", "must have {player} or {id} in it");
  return undefined;
}

/** `undefined` where there is none, or a bad one. */
export function readTemplate(
  settings: SettingsReader,
  key: string,
  fallback: string | undefined,
  allowed: readonly [Placeholder, ...Placeholder[]],
): Template | undefined {
  const written = settings.text(key, fallback ?? "");
  // Empty: a preset's own is not wanted.
  return written === "" ? undefined : parseTemplate(settings, key, written, allowed);
}

function parseTemplate(
  settings: SettingsReader,
  key: string,
  written: string,
  allowed: readonly [Placeholder, ...Placeholder[]],
): Template | undefined {
  const template = Template.parse(written, allowed);
  if (template instanceof Template) return template;
  settings.problem(key, template.problem);
  return undefined;
}
