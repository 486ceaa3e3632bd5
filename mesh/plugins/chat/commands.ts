/** What players write to the relay itself. */

import type { PlayerQuery } from "./find-player.ts";

export type ChatCommand =
  | { readonly kind: "msg"; readonly to: PlayerQuery; readonly text: string }
  | { readonly kind: "players" }
  /** It is one, but cannot be understood; `usage` says how it is written. */
  | { readonly kind: "usage"; readonly usage: string };

/** `"name with spaces"@server text`; a name in quotes may hold an @. */
const QUOTED = /^"([^"]+)"(?:@(\S+))?\s+(\S.*)$/u;

/** `name text` or `name@server text`; the last @ counts. */
const BARE = /^([^\s"]\S*)\s+(\S.*)$/u;

/** The command, or undefined where the text is none. It begins with the prefix; capitals do not count. */
export function parseChatCommand(text: string, prefix: string): ChatCommand | undefined {
  const line = text.trim();
  if (!line.startsWith(prefix)) return undefined;
  const [word = ""] = line.slice(prefix.length).split(/\s/u, 1);
  const rest = line.slice(prefix.length + word.length).trim();
  switch (word.toLowerCase()) {
    case "msg":
      return parseMessage(rest) ?? { kind: "usage", usage: usageOf(prefix) };
    case "players":
      return { kind: "players" };
    default:
      return undefined;
  }
}

function parseMessage(rest: string): ChatCommand | undefined {
  const quoted = QUOTED.exec(rest);
  if (quoted !== null) {
    const [, name = "", server, text = ""] = quoted;
    return name.trim() === ""
      ? undefined
      : { kind: "msg", to: { name: name.trim(), server }, text };
  }
  const bare = BARE.exec(rest);
  if (bare === null) return undefined;
  const [, to = "", text = ""] = bare;
  return { kind: "msg", to: queryOf(to), text };
}

function queryOf(to: string): PlayerQuery {
  const at = to.lastIndexOf("@");
  const isSplit = at > 0 && at < to.length - 1;
  return isSplit
    ? { name: to.slice(0, at), server: to.slice(at + 1) }
    : { name: to, server: undefined };
}

function usageOf(prefix: string): string {
  return `${prefix}msg name text, ${prefix}msg name@server text or ${prefix}msg "a name" text`;
}
