import { chatLine, type ReadLine } from "../text-reading.ts";
import { readNamed } from "./player-name.ts";

/** `2026-11-22 07:27:03: MSG-BROADCAST 5:Alice hello`; the time is there with `-ts`. */
const LINE = /^(?:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d: )?([A-Z]+(?:-[A-Z]+)?)(?: (.*))?$/s;

const TEAM = / (ROGUE|RED|GREEN|BLUE|PURPLE|OBSERVER|RABBIT|HUNTER)(?: |$)/;

const REJECTED = /^#\d+ (?:BZid:\S+ )?\/rejected: /;

const NOBODYS: ReadonlySet<string> = new Set(["MSG-COMMAND", "MSG-DIRECT", "MSG-FILTERED"]);
const NOTICES: ReadonlySet<string> = new Set([
  "MSG-REPORT",
  "PLAYER-AUTH",
  "PLAYER-MOTTO",
  "PLAYERS",
  "SERVER-STATUS",
]);

/** Commands have passwords in them, and what is said to one player is nobody else's business. */
export function isPrivateLog(line: string): boolean {
  return NOBODYS.has(LINE.exec(line)?.[1] ?? "");
}

/** What a line of a server says that runs with the plugin logDetail. `own` is the name under which the node is there. */
export function readLogLine(line: string, own: string): ReadLine {
  const [, kind = "", said = ""] = LINE.exec(line) ?? [];
  if (NOBODYS.has(kind) || NOTICES.has(kind)) return "ignored";
  if (kind === "SERVER-MAPNAME") {
    const map = chatLine(said);
    return map === "" ? "ignored" : { type: "map", map };
  }
  const named = readNamed(said);
  if (named === undefined) return undefined;
  const name = chatLine(named.name);
  if (name === "") return undefined;
  if (named.name === own || named.name === "SERVER") return "ignored";
  return event(kind, name, named.rest);
}

function event(kind: string, name: string, rest: string): ReadLine {
  switch (kind) {
    case "MSG-BROADCAST":
      return chat("all", name, rest);
    case "MSG-ADMIN":
      return chat("admin", name, rest);
    case "MSG-TEAM": {
      // The team comes first.
      const [, team = "", text = ""] = /^(\S+) (.*)$/s.exec(rest) ?? [];
      return chat("team", name, text, team);
    }
    case "PLAYER-JOIN": {
      const [, team] = TEAM.exec(` ${rest}`) ?? [];
      return { type: "join", player: playerOf(name, team) };
    }
    case "PLAYER-PART":
      // Somebody else, who wanted the name of a player who is there, was not let in.
      if (REJECTED.test(rest)) return "ignored";
      return { type: "leave", player: { name } };
    default:
      return undefined;
  }
}

function chat(
  audience: "all" | "team" | "admin",
  name: string,
  said: string,
  team?: string,
): ReadLine {
  const text = chatLine(said);
  return text === "" ? "ignored" : { type: "chat", audience, player: playerOf(name, team), text };
}

function playerOf(name: string, team: string | undefined): { name: string; team?: string } {
  return team === undefined || team === "" ? { name } : { name, team: team.toLowerCase() };
}
