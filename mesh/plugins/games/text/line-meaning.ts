import type { ChatAudience, GamePlayer } from "../../../index.ts";
import { chatLine } from "./chat-line.ts";
import { LINE_CHARS_MAX, NAME_CHARS_MAX } from "./limits.ts";
import type { ReadLine } from "./parts.ts";
import { type Groups, PATTERN_KINDS, type PatternKind, type WrittenPatterns } from "./patterns.ts";

/** What the first pattern that fits says of the line; `codes` are removed from it before. */
export function readByPatterns(patterns: WrittenPatterns, line: string, codes?: RegExp): ReadLine {
  const head = line.slice(0, LINE_CHARS_MAX);
  const clean = chatLine(codes === undefined ? head : head.replace(codes, ""));
  for (const kind of PATTERN_KINDS) {
    for (const pattern of patterns[kind] ?? []) {
      const groups = pattern.match(clean);
      if (groups !== undefined) return meaning(kind, groups);
    }
  }
  return undefined;
}

const AUDIENCES = { chat: "all", team_chat: "team", admin_chat: "admin" } as const;

function meaning(kind: PatternKind, groups: Groups): ReadLine {
  switch (kind) {
    case "ignore":
      return "ignored";
    case "chat":
    case "team_chat":
    case "admin_chat":
      return chat(AUDIENCES[kind], groups);
    case "join":
    case "leave": {
      const player = playerOf(groups);
      return player === undefined ? undefined : { type: kind, player };
    }
    case "rename": {
      const player = playerOf(groups);
      const before = name(groups["before"]);
      if (player === undefined || before === "") return undefined;
      return before === player.name ? "ignored" : { type: "rename", player, before };
    }
    case "map": {
      const map = name(groups["map"]);
      return map === "" ? undefined : { type: "map", map };
    }
  }
}

function chat(audience: ChatAudience, groups: Groups): ReadLine {
  const player = playerOf(groups);
  if (player === undefined) return undefined;
  const text = groups["text"]?.trim() ?? "";
  return text === "" ? "ignored" : { type: "chat", audience, player, text };
}

/** Whoever has a number but no name goes by the number. */
function playerOf(groups: Groups): GamePlayer | undefined {
  const id = name(groups["id"]);
  const team = name(groups["team"]);
  const own = name(groups["player"]);
  if (own === "" && id === "") return undefined;
  return {
    name: own === "" ? `player ${id}` : own,
    ...(id === "" ? {} : { id }),
    ...(team === "" ? {} : { team }),
  };
}

function name(text: string | null | undefined): string {
  return (text ?? "").trim().slice(0, NAME_CHARS_MAX).toWellFormed().trim();
}
