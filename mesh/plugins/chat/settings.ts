/** The section `[chat]`. */

import type { SettingsReader } from "../../index.ts";
import { compileFilter, type FilterPatterns, Filters, filterCountProblem } from "./filters.ts";
import {
  CHANNEL_CHARS_MAX,
  CHANNELS_MAX,
  COMMAND_PREFIX_CHARS_MAX,
  HISTORY_LINES_MAX,
  IGNORED_PLAYERS_MAX,
} from "./limits.ts";
import type { RateOptions } from "./rate-limits.ts";
import { compileTemplate, Template } from "./template.ts";

const ANNOUNCEMENTS = ["join", "leave", "up", "down", "map"] as const;
export type Announcement = (typeof ANNOUNCEMENTS)[number];

export interface ChatSettings {
  /** Where the lines for everybody go; with none, they stay in the game. */
  readonly send: readonly string[];
  /** Whose lines are shown in the game. */
  readonly receive: readonly string[];
  /** Where the lines of a team go; with none, they stay in the game. */
  readonly teamChannels: readonly string[];
  /** Where the lines for administrators go; with none, they stay in the game. */
  readonly adminChannels: readonly string[];
  /** How lines from elsewhere are shown; undefined where the game may show them in its own way: see {@link INCOMING}. */
  readonly incoming: Template | undefined;
  /** What the text of a line becomes before it is sent. */
  readonly outgoing: Template;
  readonly rates: RateOptions;
  /** Whether players are told that they write too much. */
  readonly rateNotice: boolean;
  readonly filters: Filters;
  /** Whose lines stay in this game, in lower case. */
  readonly ignorePlayers: ReadonlySet<string>;
  /** Lines of the past that are shown when the game comes up. */
  readonly historyLines: number;
  readonly privateMessages: boolean;
  readonly playersCommand: boolean;
  readonly commandPrefix: string;
  readonly announce: ReadonlySet<Announcement>;
  /** How long a line is remembered to know its echo; 0 for not at all. */
  readonly echoMs: number;
}

/** How a line is shown where a game has one form of lines. */
export const INCOMING: Template = defaultTemplate("[{server}] {player}: {text}");

const OUTGOING: Template = defaultTemplate("{text}");

const CHANNEL_NAME = new RegExp(`^[A-Za-z0-9_-]{1,${CHANNEL_CHARS_MAX}}$`);

/** What is wrong stands in `reader.problems` afterwards. */
export function readChatSettings(reader: SettingsReader): ChatSettings {
  const channels = readChannels(reader, "channels", ["global"]);
  return {
    send: readChannels(reader, "send", channels),
    receive: readChannels(reader, "receive", channels),
    teamChannels: readChannels(reader, "team_channels", []),
    adminChannels: readChannels(reader, "admin_channels", []),
    incoming: readTemplate(reader, "incoming"),
    outgoing: readTemplate(reader, "outgoing") ?? OUTGOING,
    rates: readRates(reader),
    rateNotice: reader.isOn("rate_notice", true),
    filters: new Filters(readFilters(reader)),
    ignorePlayers: readIgnoredPlayers(reader),
    historyLines: reader.whole("history", 0, { min: 0, max: HISTORY_LINES_MAX }),
    privateMessages: reader.isOn("private_messages", false),
    playersCommand: reader.isOn("players_command", false),
    commandPrefix: readPrefix(reader),
    announce: readAnnouncements(reader),
    echoMs: reader.whole("echo_seconds", 30, { min: 0, max: 600 }) * 1000,
  };
}

function readChannels(
  reader: SettingsReader,
  key: string,
  fallback: readonly string[],
): readonly string[] {
  const names = [...new Set(reader.list(key, fallback))];
  const wrong = names.find((name) => !CHANNEL_NAME.test(name));
  if (wrong !== undefined) {
    const must = `must name channels of 1 to ${CHANNEL_CHARS_MAX} letters, digits, dashes or underscores`;
    reader.problem(key, `${must}, not ${quoted(wrong)}`);
    return fallback;
  }
  if (names.length > CHANNELS_MAX) {
    reader.problem(
      key,
      `names ${names.length} channels, more than ${CHANNELS_MAX}; leave some out`,
    );
    return fallback;
  }
  return names;
}

function readTemplate(reader: SettingsReader, key: string): Template | undefined {
  const source = reader.optional(key);
  if (source === undefined) return undefined;
  const template = compileTemplate(source);
  if (template instanceof Template) return template;
  reader.problem(key, template);
  return undefined;
}

function readRates(reader: SettingsReader): RateOptions {
  return {
    playerLines: reader.whole("player_lines", 5, { min: 1, max: 1000 }),
    serverLines: reader.whole("server_lines", 40, { min: 1, max: 10_000 }),
    periodMs: reader.whole("rate_seconds", 10, { min: 1, max: 3600 }) * 1000,
  };
}

function readFilters(reader: SettingsReader): FilterPatterns {
  const drop = reader.lines("drop");
  const mask = reader.lines("mask");
  const problem = filterCountProblem(drop.length + mask.length);
  if (problem !== undefined) {
    reader.problem(drop.length > mask.length ? "drop" : "mask", problem);
    return { drop: [], mask: [] };
  }
  return { drop: compileAll(reader, "drop", drop), mask: compileAll(reader, "mask", mask) };
}

function compileAll(
  reader: SettingsReader,
  key: string,
  patterns: readonly string[],
): FilterPatterns["drop"] {
  return patterns.flatMap((pattern) => {
    const filter = compileFilter(pattern);
    if (typeof filter !== "string") return [filter];
    reader.problem(key, `${quoted(pattern)} ${filter}`, pattern);
    return [];
  });
}

function readIgnoredPlayers(reader: SettingsReader): ReadonlySet<string> {
  const names = new Set(reader.list("ignore_players").map((name) => name.toLowerCase()));
  if (names.size <= IGNORED_PLAYERS_MAX) return names;
  const text = `names ${names.size} players, more than ${IGNORED_PLAYERS_MAX}; leave some out`;
  reader.problem("ignore_players", text);
  return new Set();
}

function readPrefix(reader: SettingsReader): string {
  const prefix = reader.optional("command_prefix") ?? "!";
  if (prefix.length <= COMMAND_PREFIX_CHARS_MAX && /^[\p{L}\p{N}\p{P}\p{S}]+$/u.test(prefix)) {
    return prefix;
  }
  const must = `must be 1 to ${COMMAND_PREFIX_CHARS_MAX} characters without spaces`;
  reader.problem("command_prefix", `${must}, not ${quoted(prefix)}`);
  return "!";
}

function readAnnouncements(reader: SettingsReader): ReadonlySet<Announcement> {
  const chosen = new Set<Announcement>();
  for (const name of reader.list("announce")) {
    const announcement = ANNOUNCEMENTS.find((known) => known === name);
    if (announcement === undefined) {
      const known = ANNOUNCEMENTS.join(", ");
      reader.problem("announce", `knows no ${quoted(name)}; it takes any of ${known}`);
    } else {
      chosen.add(announcement);
    }
  }
  return chosen;
}

function defaultTemplate(source: string): Template {
  const template = compileTemplate(source);
  if (template instanceof Template) return template;
  throw new Error(template);
}

/** Its beginning, as a message shows it. */
function quoted(text: string): string {
  return JSON.stringify(text.length > 64 ? `${text.slice(0, 64)}…` : text);
}
