import type { SettingsReader, WholeRange } from "../../../index.ts";
import { ESCAPES, type EscapeName, escapeBy } from "./escape.ts";
import { unprotected } from "./protection.ts";
import { type Speech, TemplateSpeech, type TextBytesOf } from "./speech.ts";
import { type Placeholder, Template } from "./template.ts";

/** What a preset says where the config says nothing. */
export interface SpeechDefaults {
  readonly say: string;
  readonly sayAdmin?: string;
  readonly tell?: string;
  /** What keeps text text in the game's console. */
  readonly escape: EscapeName;
  /** The console is the operator's own, who alone knows what it takes for text. Default: no other escape will do. */
  readonly isAnyEscape?: boolean;
  /** See `ProtectionOptions`. */
  readonly members?: readonly string[];
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
  const say = readSay(settings, defaults.say);
  const sayAdmin = readTemplate(settings, "say_admin", defaults.sayAdmin, ["text"]);
  const tell = readTell(settings, defaults.tell);
  const escape = settings.choice("escape", ESCAPES, defaults.escape);
  if (escape !== defaults.escape && defaults.isAnyEscape !== true) {
    const text = `must be ${defaults.escape}, or not be written: with ${escape}, what players say could run commands of this game`;
    settings.problem("escape", text);
  } else {
    refuseUnprotected(settings, { say, say_admin: sayAdmin, tell }, escape, defaults);
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

/** A preset's own templates stand where its escape protects them. */
function refuseUnprotected(
  settings: SettingsReader,
  templates: Readonly<Record<string, Template | undefined>>,
  escape: EscapeName,
  { names, members }: SpeechDefaults,
): void {
  const options = { escape, areNamesWords: names !== undefined, members };
  for (const [key, template] of Object.entries(templates)) {
    if (template === undefined || !settings.has(key)) continue;
    const problem = unprotected(template, options);
    if (problem !== undefined) settings.problem(key, problem);
  }
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
