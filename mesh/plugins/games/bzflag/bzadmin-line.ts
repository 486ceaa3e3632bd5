import { chatLine, type ReadLine } from "../text-reading.ts";

/** `    Alice: text`, `    [Team] Alice: text`; the first `: ` ends the name, which may have one in it. */
const CHAT = /^ {4}(?:\[(Team|Admin)\] )?(.+?): (.*)$/s;
const PRESENCE = /^\*\*\* '(.+)' (joined the game as|left the game\.)/s;

/** The server to the node, a player to it alone, or the node to one. */
export function isPrivatePrint(line: string): boolean {
  return /^ {4}\[(?:[^\]]*->|->[^\]]*)\]/.test(line);
}

/** What a line of bzadmin's says: less exactly than the server's own log, because names are not marked. */
export function readBzadminLine(line: string, own: string): ReadLine {
  if (isPrivatePrint(line)) return "ignored";
  const [, who, what] = PRESENCE.exec(line) ?? [];
  if (who !== undefined) {
    const name = chatLine(who);
    if (name === "" || who === own) return "ignored";
    return { type: what === "left the game." ? "leave" : "join", player: { name } };
  }
  if (line.startsWith("*** ") || line.startsWith("Connecting to ")) return "ignored";
  const [whole, channel, from = "", said = ""] = CHAT.exec(line) ?? [];
  const name = chatLine(from);
  if (whole === undefined || name === "") return undefined;
  const text = chatLine(said);
  if (from === own || from === "SERVER" || text === "") return "ignored";
  const audience = channel === "Team" ? "team" : channel === "Admin" ? "admin" : "all";
  return { type: "chat", audience, player: { name }, text };
}
