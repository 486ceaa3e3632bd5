import { CHAT_BYTES_MAX, SOURCE_BYTES_MAX, USER_BYTES_MAX } from "./limits.ts";
import { encodeChat, encodeExternalChat, encodePrivateChat } from "./packets.ts";
import { cutText, safeText } from "./safe-text.ts";

/** A line that someone elsewhere said. */
export interface SaidLine {
  /** The game or the network it comes from. */
  readonly source: string;
  readonly user: string;
  readonly text: string;
  /** Instead of these, where they cannot be shown apart. Default: made of them. */
  readonly whole?: string;
}

/**
 * What became of a line: it was sent, there was nothing in it to be seen, so much waits that it was dropped, or there is no
 * connection. What the game does with it is not told.
 */
export type SayOutcome = "sent" | "empty" | "queue_full" | "closed";

/** As {@link SayOutcome}; `gone`: nobody has the number. */
export type TellOutcome = SayOutcome | "gone";

/**
 * How lines are said: as `external` chat, with the name of who spoke, or as the `server`'s own, which is all that servers
 * before 12.0 know. `auto` goes by the server's version.
 */
export type SpeechMode = "auto" | "external" | "server";

/** A colour of the game's palette; a server closes on any other number. */
export const SPEECH_COLOURS = {
  blue: 0,
  silver: 1,
  gold: 2,
  red: 3,
  purple: 4,
  light_brown: 5,
  orange: 6,
  green: 7,
  yellow: 8,
  dark_green: 9,
  cream: 10,
  brown: 11,
  white: 12,
  light_blue: 13,
  gray: 14,
  dark_blue: 15,
  black: 16,
} as const;
export type SpeechColour = keyof typeof SPEECH_COLOURS;

export const SPEECH_COLOUR_NAMES: readonly SpeechColour[] =
  Object.keys(SPEECH_COLOURS).filter(isSpeechColour);

const NOBODY = "?";

/** The first version that knows external chat. */
const EXTERNAL_CHAT_SINCE = 12;

/** What others build, and names otherwise, is newer than that. */
export function knowsExternalChat(version: string): boolean {
  const major = /^(\d{1,3})\./.exec(version)?.[1];
  return major === undefined || Number(major) >= EXTERNAL_CHAT_SINCE;
}

/** The packet for a line, or for a text as it is; `undefined` if there is nothing in it to be seen. */
export function encodeLine(
  line: SaidLine | string,
  how: { readonly external: boolean; readonly colour: SpeechColour },
): Buffer | undefined {
  if (typeof line === "string") return encodeOwn(line);
  const text = safeText(line.text, CHAT_BYTES_MAX);
  if (text === "") return undefined;
  const named = {
    source: safeText(line.source, SOURCE_BYTES_MAX),
    user: safeText(line.user, USER_BYTES_MAX),
  };
  const isNamed = named.source !== "" && named.user !== "";
  // A question mark for a name is worse than the whole line.
  if (line.whole !== undefined && !(how.external && isNamed)) return encodeOwn(line.whole);
  const source = named.source || NOBODY;
  const user = named.user || NOBODY;
  if (how.external) {
    return encodeExternalChat({ source, colour: SPEECH_COLOURS[how.colour], user, text });
  }
  return encodeChat(cutText(`[${source}] ${user}: ${text}`, CHAT_BYTES_MAX));
}

/** The packet for a text to one client alone; `undefined` if there is nothing in it to be seen. */
export function encodeTold(id: number, text: string): Buffer | undefined {
  const line = safeText(text, CHAT_BYTES_MAX);
  return line === "" ? undefined : encodePrivateChat(id, line);
}

function encodeOwn(text: string): Buffer | undefined {
  const line = safeText(text, CHAT_BYTES_MAX);
  return line === "" ? undefined : encodeChat(line);
}

function isSpeechColour(name: string): name is SpeechColour {
  return Object.hasOwn(SPEECH_COLOURS, name);
}
