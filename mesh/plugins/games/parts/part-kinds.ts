/** Which parts the keys `feed` and `console` can name, and the keys of each. Others are added to the two records. */

import type { SettingsReader } from "../../../index.ts";
import { FifoConsole, readCommand, readLine } from "../consoles.ts";
import { MINECRAFT, type RconDialect, SOURCE, SOURCE_2 } from "../rcon.ts";
import type { Console, Feed } from "../text-parts.ts";
import { FileFeed, RconConsole } from "../text-reading.ts";
import { readHttp, readUdp } from "./listening-feeds.ts";

/** What a preset says where the config says nothing. */
export interface PartDefaults {
  readonly console: ConsoleName;
  /** Default: what the console itself prints, or a file where `log` is written or the console prints nothing. */
  readonly feed?: FeedName;
  /** Of the game. Default: it must be written. */
  readonly port?: number;
  /** Of RCON. Default: the key `dialect` says. */
  readonly dialect?: RconDialect;
}

export interface Parts {
  readonly console: Console;
  /** `undefined`: what the console itself prints. */
  readonly feed: Feed | undefined;
}

interface FeedKind {
  readonly keys: readonly string[];
  readonly create: (settings: SettingsReader) => Feed;
}

interface ConsoleKind {
  readonly keys: readonly string[];
  readonly create: (settings: SettingsReader, defaults: PartDefaults) => Console;
  /** Whether what it prints can be what is read of the game. */
  readonly isFeed: boolean;
}

export type ConsoleName = "fifo" | "line" | "process" | "rcon";

const CONSOLES: Readonly<Record<ConsoleName, ConsoleKind>> = {
  rcon: { create: readRcon, isFeed: false, keys: ["host", "port", "password", "dialect"] },
  line: {
    create: readLineOf,
    isFeed: true,
    keys: [
      "host",
      "port",
      "password",
      "login",
      "ready",
      "wrong_password",
      "ping",
      "ping_interval_s",
    ],
  },
  process: {
    create: readProcess,
    isFeed: true,
    keys: ["command", "folder", "stop_command", "stop_timeout_ms"],
  },
  fifo: { create: readFifo, isFeed: false, keys: ["input"] },
};

/** `console`: what the console itself prints. */
export type FeedName = "file" | "http" | "udp" | "console";

const FEEDS: Readonly<Record<Exclude<FeedName, "console">, FeedKind>> = {
  file: { create: readFile, keys: ["log"] },
  http: { create: readHttp, keys: ["host", "log_host", "log_port", "log_path"] },
  udp: { create: readUdp, keys: ["host", "log_host", "log_port", "log_from_port", "log_secret"] },
};

const CONSOLE_NAMES: readonly ConsoleName[] = keysOf(CONSOLES);
const FEED_NAMES: readonly FeedName[] = [...keysOf(FEEDS), "console"];

const DIALECTS = { source: SOURCE, source2: SOURCE_2, minecraft: MINECRAFT } as const;

/** The keys `feed` and `console`, and those of the parts. */
export function readParts(settings: SettingsReader, defaults: PartDefaults): Parts {
  const consoleName = settings.choice("console", CONSOLE_NAMES, defaults.console);
  const kind: ConsoleKind = CONSOLES[consoleName];
  const usualFeed = kind.isFeed && !settings.has("log") ? "console" : "file";
  const feedName = settings.choice("feed", FEED_NAMES, defaults.feed ?? usualFeed);
  const console = kind.create(settings, defaults);
  const feed = feedName === "console" ? undefined : FEEDS[feedName].create(settings);
  if (feed === undefined && !kind.isFeed) {
    settings.problem("feed", `cannot be console where console is ${consoleName}`);
  }
  refuseKeysOfOthers(settings, feedName, consoleName);
  return { console, feed };
}

/** A key of a part that is not chosen is known, and says which part was meant. */
function refuseKeysOfOthers(
  settings: SettingsReader,
  feedName: FeedName,
  consoleName: ConsoleName,
): void {
  const owners = new Map<string, string[]>();
  const own = (
    kinds: Readonly<Record<string, { readonly keys: readonly string[] }>>,
    of: string,
  ) => {
    for (const [name, { keys }] of Object.entries(kinds)) {
      for (const key of keys) owners.set(key, [...(owners.get(key) ?? []), `${of} = ${name}`]);
    }
  };
  own(FEEDS, "feed");
  own(CONSOLES, "console");
  const chosen = [`feed = ${feedName}`, `console = ${consoleName}`];
  for (const [key, ofKey] of owners) {
    if (!settings.has(key) || chosen.some((part) => ofKey.includes(part))) continue;
    // Asked for, so that it is not called unknown, too; as a list, because any of them may be one.
    settings.lines(key);
    settings.problem(key, `is for ${ofKey.join(" or ")}; here ${chosen.join(" and ")} are used`);
  }
}

function readRcon(settings: SettingsReader, { port, dialect }: PartDefaults): Console {
  const what = "the game's rcon password, without which its console answers nobody";
  return new RconConsole({
    ...readAddress(settings, port),
    password: settings.required("password", what),
    dialect: dialect ?? readDialect(settings),
  });
}

function readDialect(settings: SettingsReader): RconDialect {
  return DIALECTS[settings.choice("dialect", keysOf(DIALECTS), "source")];
}

function readLineOf(settings: SettingsReader, { port }: PartDefaults): Console {
  return readLine(settings, readAddress(settings, port));
}

function readProcess(settings: SettingsReader): Console {
  const command = readCommand(settings);
  if (command !== undefined) return command;
  if (!settings.has("command")) {
    settings.problem("command", "is missing: what starts the game; or give its log and its input");
  }
  return new FifoConsole({ path: "" });
}

function readFifo(settings: SettingsReader): Console {
  const what = "the pipe from which the game reads";
  return new FifoConsole({ path: settings.required("input", what) });
}

function readFile(settings: SettingsReader): Feed {
  return new FileFeed({ path: settings.required("log", "the path of the game's log") });
}

function readAddress(
  settings: SettingsReader,
  port: number | undefined,
): { readonly host: string; readonly port: number } {
  if (port === undefined && !settings.has("port")) {
    settings.problem("port", "is missing: the port of the game's console");
  }
  return {
    host: settings.optional("host") ?? "127.0.0.1",
    port: settings.port("port", port ?? 1),
  };
}

function keysOf<Key extends string>(record: Readonly<Record<Key, unknown>>): Key[] {
  const keys: Key[] = [];
  for (const key in record) keys.push(key);
  return keys;
}
