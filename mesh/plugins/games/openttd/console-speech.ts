/** What is said by commands of the console, where the operator has written some. */

import type { SayOutcome, SettingsReader } from "../../../index.ts";
import {
  readTell,
  readTemplate,
  type SpokenLine,
  type Template,
  unprotected,
} from "../text-reading.ts";
import type { OpenttdClient } from "./client.ts";
import { consoleText } from "./console-command.ts";
import type { OpenttdPlayer } from "./events.ts";
import { COMMAND_BYTES_MAX, USER_BYTES_MAX } from "./limits.ts";
import { OpenttdError } from "./openttd-error.ts";
import { safeText } from "./safe-text.ts";

/** Less would show nothing of most texts. */
const TEXT_BYTES_MIN = 8;

/** The keys `say` and `tell`: without them the admin port's own chat is used. */
export function readConsoleSpeech(settings: SettingsReader): ConsoleSpeech {
  const say = readTemplate(settings, "say", undefined, ["text"]);
  const tell = readTell(settings);
  refuseUnquoted(settings, "say", say);
  refuseUnquoted(settings, "tell", tell);
  return new ConsoleSpeech({ say, tell });
}

function refuseUnquoted(settings: SettingsReader, key: string, template?: Template): void {
  const problem = template && unprotected(template, { escape: "quotes", areNamesWords: false });
  if (problem !== undefined) settings.problem(key, problem);
}

export interface ConsoleSpeechOptions {
  readonly say: Template | undefined;
  readonly tell: Template | undefined;
}

/** Texts in templates, in which they stand between quotation marks. */
export class ConsoleSpeech {
  readonly #options: ConsoleSpeechOptions;

  constructor(options: ConsoleSpeechOptions) {
    this.#options = options;
  }

  /** `undefined` where there is no command for it. */
  say(text: string): SpokenLine | undefined {
    const { say } = this.#options;
    return say && filled(say, {}, text);
  }

  /** As {@link say}. */
  tell({ id, name }: OpenttdPlayer, text: string): SpokenLine | undefined {
    const { tell } = this.#options;
    if (tell === undefined) return undefined;
    // Twice as long where each of its characters is escaped, and room for a space behind it.
    const player = consoleText(name, 2 * USER_BYTES_MAX + 1);
    // A name that was changed would be another player's.
    const isSame = safeText(name, USER_BYTES_MAX) === name && !name.endsWith("\\");
    if (tell.has("player") && !isSame) return "unsupported";
    return filled(tell, { id: String(id), player }, text);
  }
}

function filled(
  template: Template,
  values: { readonly id?: string; readonly player?: string },
  text: string,
): SpokenLine {
  const roomBytes = COMMAND_BYTES_MAX - Buffer.byteLength(template.command(values));
  const bytesMax = Math.floor(roomBytes / template.count("text"));
  if (bytesMax < TEXT_BYTES_MIN) return "unsupported";
  const shown = consoleText(text, bytesMax);
  return shown === "" ? "empty" : { command: template.command({ ...values, text: shown }) };
}

/** What the console prints of a command that it does not know, or not in this form; lines of chat begin with `[`. */
const COMPLAINT = /^(?:Command '.*' not found\.$|ERROR: |[^[].* Usage: ')/;

/** Has the console carry it out; answers what became of it. */
export async function runCommand(
  client: Pick<OpenttdClient, "rcon">,
  command: string,
): Promise<SayOutcome> {
  try {
    const { lines } = await client.rcon(command);
    return lines.some((line) => COMPLAINT.test(line)) ? "failed" : "sent";
  } catch (error) {
    if (!(error instanceof OpenttdError)) throw error;
    if (error.code === "queue_full") return "queue_full";
    return error.code === "closed" || error.code === "cancelled" ? "down" : "failed";
  }
}
