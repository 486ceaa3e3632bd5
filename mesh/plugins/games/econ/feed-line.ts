/** What a line of the console says, as far as it matters here. */

export type FeedLine =
  /** `rest` is the name, `: ` and the text; the name may itself contain `: `. */
  | {
      readonly type: "chat";
      readonly id: number;
      readonly audience: "all" | "team";
      readonly rest: string;
    }
  /** The server itself speaks, perhaps for someone at a console; `text` proves nothing. */
  | { readonly type: "server_chat"; readonly text: string }
  | { readonly type: "entered"; readonly id: number }
  | { readonly type: "team"; readonly id: number; readonly name: string }
  | { readonly type: "leave"; readonly id: number; readonly name: string }
  | { readonly type: "map"; readonly map: string }
  /** A line of the answer to `status`. */
  | { readonly type: "status"; readonly id: number; readonly name: string }
  /** What a command of the console printed. */
  | { readonly type: "console"; readonly text: string }
  /** Nobody else's business: a whisper, or a command that someone typed, in which a password may stand. */
  | { readonly type: "private" };

/** Teeworlds: `[07:11:12][chat]: 1:0:Alice: text` */
const TEEWORLDS = /^\[[^\]]*\]\[([^\]]*)\]: (.*)$/s;
/** DDNet: `2026-11-22 07:10:20 I chat: 0:-2:Alice: text` */
const DDNET = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [A-Z] ([^:]*): (.*)$/s;

/** `undefined` for a line that says nothing of interest. */
export function readFeedLine(line: string): FeedLine | undefined {
  const teeworlds = TEEWORLDS.exec(line);
  const match = teeworlds ?? DDNET.exec(line);
  const [, tag = "", said = ""] = match ?? [];
  const text = withoutControls(said);
  switch (tag.toLowerCase()) {
    case "chat":
    case "teamchat":
      return chat(tag === "chat" ? "all" : "team", text, teeworlds !== null);
    case "game":
      return game(text);
    case "server":
      return server(text);
    case "datafile":
      return loaded(text);
    case "console":
      return { type: "console", text };
    case "whisper":
      return { type: "private" };
    default:
      return undefined;
  }
}

/** Teeworlds writes mode, for a team its number, then the player; DDNet the player, then the team. */
const CHAT_FORMS = {
  teeworlds: { all: /^-?\d+:(\d+):(.*)$/s, team: /^-?\d+:-?\d+:(\d+):(.*)$/s },
  ddnet: { all: /^(\d+):-?\d+:(.*)$/s, team: /^(\d+):-?\d+:(.*)$/s },
} as const;

function chat(audience: "all" | "team", text: string, isTeeworlds: boolean): FeedLine | undefined {
  if (text.startsWith("*** ")) return { type: "server_chat", text: text.slice(4) };
  const [, id, rest] = CHAT_FORMS[isTeeworlds ? "teeworlds" : "ddnet"][audience].exec(text) ?? [];
  if (id === undefined || rest === undefined) return undefined;
  return { type: "chat", id: Number(id), audience, rest };
}

function game(text: string): FeedLine | undefined {
  // A name may contain what follows names: it ends at the last place that fits.
  const joined = player(/^team_join player='(\d+):(.*)' (?:m_T|t)eam=[-\d>]+$/s.exec(text));
  if (joined !== undefined) return { type: "team", ...joined };
  const left = player(/^leave player='(\d+):(.*)'$/s.exec(text));
  return left === undefined ? undefined : { type: "leave", ...left };
}

/** Someone's command, at this console or from within the game. */
const COMMAND = /^(?:cid=-?\d+ cmd|clientid=-?\d+ .*?rcon)='/is;

function server(text: string): FeedLine | undefined {
  if (COMMAND.test(text)) return { type: "private" };
  const [, entered] = /^player has entered the game\. ClientID=(\d+)(?: |$)/.exec(text) ?? [];
  if (entered !== undefined) return { type: "entered", id: Number(entered) };
  const listed =
    player(/^id=(\d+) addr=\S+ client=\S+ name='(.*)' score=-?\d+ ?/s.exec(text)) ??
    player(/^id=(\d+) addr=\S+ name='(.*)' client=\S+ /s.exec(text));
  if (listed !== undefined) return { type: "status", ...listed };
  const [, map] = /^maps\/(.+)\.map crc is [\da-f]+$/.exec(text) ?? [];
  return map === undefined ? undefined : { type: "map", map };
}

function loaded(text: string): FeedLine | undefined {
  const [, map] = /^loading done\. datafile='maps\/(.+)\.map'$/.exec(text) ?? [];
  return map === undefined ? undefined : { type: "map", map };
}

function player(match: RegExpExecArray | null): { id: number; name: string } | undefined {
  const [, id, name] = match ?? [];
  return id === undefined || name === undefined ? undefined : { id: Number(id), name };
}

/** Servers cut long lines within a character, which leaves a replacement character at the end. */
function withoutControls(text: string): string {
  return text.replace(/\uFFFD$/, "").replaceAll(/\p{Cc}/gu, " ");
}
