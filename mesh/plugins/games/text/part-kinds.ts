/** Which parts the keys `feed` and `console` can name, and the keys of each. Others are added to the two records. */

import type { SettingsReader } from "../../../index.ts";
import { type RconDialect, SOURCE } from "../rcon.ts";
import { FileFeed } from "./file-feed.ts";
import { HttpFeed } from "./http-feed.ts";
import type { Console, Feed } from "./parts.ts";
import { RconConsole } from "./rcon-console.ts";
import { isLoopback } from "./sender.ts";
import { UdpFeed } from "./udp-feed.ts";

/** What a preset says where the config says nothing. */
export interface PartDefaults {
  readonly feed: FeedName;
  readonly console: ConsoleName;
  /** Of the game. */
  readonly port: number;
  /** Of RCON. Default: Source's. */
  readonly dialect?: RconDialect;
}

export interface Parts {
  readonly console: Console;
  /** `undefined`: what the console itself prints. */
  readonly feed: Feed | undefined;
}

/** What more than one part needs, read once. */
interface Place {
  readonly host: string;
  readonly port: number;
  readonly dialect: RconDialect;
}

type FeedKind = (settings: SettingsReader, place: Place) => Feed;

interface ConsoleKind {
  readonly create: (settings: SettingsReader, place: Place) => Console;
  /** Whether what it prints can be what is read of the game. */
  readonly isFeed: boolean;
}

export type ConsoleName = "rcon";

const CONSOLES: Readonly<Record<ConsoleName, ConsoleKind>> = {
  rcon: { create: readRcon, isFeed: false },
};

/** `console`: what the console itself prints. */
export type FeedName = "file" | "http" | "udp" | "console";

const FEEDS: Readonly<Record<Exclude<FeedName, "console">, FeedKind>> = {
  file: readFile,
  http: readHttp,
  udp: readUdp,
};

const CONSOLE_NAMES: readonly ConsoleName[] = keysOf(CONSOLES);
const FEED_NAMES: readonly FeedName[] = [...keysOf(FEEDS), "console"];

const LOG_PORT = 28_015;
const ANY_PORT = 0;

/** The keys `feed`, `console`, `host`, `port`, and those of the parts. */
export function readParts(settings: SettingsReader, defaults: PartDefaults): Parts {
  const feedName = settings.choice("feed", FEED_NAMES, defaults.feed);
  const consoleName = settings.choice("console", CONSOLE_NAMES, defaults.console);
  const place: Place = {
    host: settings.optional("host") ?? "127.0.0.1",
    port: settings.port("port", defaults.port),
    dialect: defaults.dialect ?? SOURCE,
  };
  const kind: ConsoleKind = CONSOLES[consoleName];
  const console = kind.create(settings, place);
  if (feedName !== "console") return { console, feed: FEEDS[feedName](settings, place) };
  if (!kind.isFeed) settings.problem("feed", `cannot be console where console is ${consoleName}`);
  return { console, feed: undefined };
}

function readRcon(settings: SettingsReader, { host, port, dialect }: Place): Console {
  const what = "the game's rcon password, without which its console answers nobody";
  const password = settings.required("password", what);
  return new RconConsole({ host, port, password, dialect });
}

function readFile(settings: SettingsReader): Feed {
  return new FileFeed({ path: settings.required("log", "the path of the game's log") });
}

function readUdp(settings: SettingsReader, place: Place): Feed {
  const gamePort = settings.port("log_from_port", ANY_PORT);
  return new UdpFeed({
    ...readListen(settings, place),
    gamePort: gamePort === ANY_PORT ? undefined : gamePort,
    secret: settings.optional("log_secret"),
  });
}

function readHttp(settings: SettingsReader, place: Place): Feed {
  const path = settings.optional("log_path") ?? "/log";
  if (!/^\/[\w.~/-]{0,200}$/.test(path)) {
    settings.problem("log_path", "must begin with / and have letters, digits and . _ ~ / - only");
  }
  return new HttpFeed({ ...readListen(settings, place), path });
}

/** Where the log of a game elsewhere arrives cannot be guessed, and not everybody is to be let in. */
function readListen(
  settings: SettingsReader,
  { host: gameHost }: Place,
): { host: string; port: number; gameHost: string } {
  const isHere = gameHost === "localhost" || isLoopback(gameHost);
  const host = isHere
    ? (settings.optional("log_host") ?? "127.0.0.1")
    : settings.required("log_host", "the address of this machine to which the game sends its log");
  return { host, port: settings.port("log_port", LOG_PORT), gameHost };
}

function keysOf<Key extends string>(record: Readonly<Record<Key, unknown>>): Key[] {
  const keys: Key[] = [];
  for (const key in record) keys.push(key);
  return keys;
}
