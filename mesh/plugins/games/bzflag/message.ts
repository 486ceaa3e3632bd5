/** What shows a line to all, and how much of a text has room in it. */

import type { SettingsReader } from "../../../index.ts";
import { BZADMIN_LINE_BYTES_MAX } from "../consoles.ts";
import { readSay, type Template } from "../text-reading.ts";

export interface Message {
  readonly say: Template;
  /** Of the text alone. */
  readonly textBytesMax: number;
}

/** Less would show nothing of most texts. */
const TEXT_BYTES_MIN = 16;

/** The key `say`. `isServer`: the node has the password, with which lines are the server's own. */
export function readMessage(
  settings: SettingsReader,
  { nick, isServer }: { readonly nick: string; readonly isServer: boolean },
): Message {
  const say = readSay(settings, isServer ? "/say {text}" : "{text}");
  const [head = ""] = say.command({ text: "\n" }).split("\n");
  if (/^\/\S*$/.test(head)) {
    settings.problem(
      "say",
      "must have a space before {text}, which is no part of a command's name",
    );
  }
  // The server adds the name of who had it say something; without a command, a space may come before the text.
  const around = isCommand(say) ? ` (${nick})` : " ";
  const roomBytes = BZADMIN_LINE_BYTES_MAX - around.length - Buffer.byteLength(say.command({}));
  const textBytesMax = Math.floor(roomBytes / say.count("text"));
  if (textBytesMax < TEXT_BYTES_MIN) {
    settings.problem("say", `leaves less than ${TEXT_BYTES_MIN} bytes for the text`);
  }
  return { say, textBytesMax };
}

/** Whether it has the server do something, rather than say it as a player. */
export function isCommand(say: Template): boolean {
  return say.command({ text: "x" }).startsWith("/");
}
