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

/** The keys `say`, `say_admin`, `tell`, `escape`, `text_bytes_max` and `ascii`. */
export function readSpeech(settings: SettingsReader, defaults: SpeechDefaults): Speech {
  const range: WholeRange = {
    min: TEXT_BYTES_MIN,
    max: defaults.textBytesLimit ?? TEXT_BYTES_LIMIT,
  };
  return new TemplateSpeech({
    say: readSay(settings, defaults.say),
    sayAdmin: readTemplate(settings, "say_admin", defaults.sayAdmin, ["text"]),
    tell: readTell(settings, defaults.tell),
    escape: escapeBy(settings.choice("escape", ESCAPES, defaults.escape)),
    textBytesMax: settings.whole("text_bytes_max", defaults.textBytesMax, range),
    textBytesOf: defaults.textBytesOf ?? "command",
    isAscii: settings.isOn("ascii", defaults.isAscii ?? false),
    afterBackslash: defaults.afterBackslash ?? "",
    codes: defaults.codes,
    names: defaults.names,
  });
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
