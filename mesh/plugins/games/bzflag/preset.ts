import type { SettingsReader } from "../../../index.ts";
import type { GameAdapter, Preset } from "../adapter.ts";
import { BzadminConsole, readCommand } from "../consoles.ts";
import { TextAdapter } from "../text-game.ts";
import type { Console, Feed } from "../text-parts.ts";
import { FileFeed, readOverrides } from "../text-reading.ts";
import { isPrivatePrint, readBzadminLine } from "./bzadmin-line.ts";
import { BzflagGrammar } from "./grammar.ts";
import { isPrivateLog, readLogLine } from "./log-line.ts";
import { readMessage } from "./message.ts";

const PORT = 5154;
const NICK = "ccp-mesh";

/**
 * BZFlag, spoken to by bzadmin. What is read is the output of a server with the plugin logDetail: of one that the
 * node runs (`command`), or as it stands in a file (`log`); or else what bzadmin prints, which is less exact.
 */
export const BZFLAG_PRESET: Preset = {
  name: "bzflag",
  create: createBzflag,
};

function createBzflag(settings: SettingsReader): GameAdapter {
  const nick = readNick(settings);
  const password = readPassword(settings);
  const bzadmin = new BzadminConsole({
    host: settings.optional("host") ?? "127.0.0.1",
    port: settings.port("port", PORT),
    nick,
    password,
  });
  const { feed, console } = readFeed(settings, bzadmin);
  return new TextAdapter({
    game: settings.optional("game") ?? "bzflag",
    console,
    feed,
    grammar: new BzflagGrammar({
      ...(feed === undefined
        ? { read: (line) => readBzadminLine(line, nick), isPrivate: isPrivatePrint }
        : { read: (line) => readLogLine(line, nick), isPrivate: isPrivateLog }),
      overrides: readOverrides(settings),
      nick,
      ...readMessage(settings, { nick, isServer: password !== undefined }),
    }),
  });
}

function readFeed(
  settings: SettingsReader,
  bzadmin: BzadminConsole,
): { readonly feed: Feed | undefined; readonly console: Console } {
  const log = settings.optional("log");
  const command = readCommand(settings);
  if (command === undefined) {
    return { console: bzadmin, feed: log === undefined ? undefined : new FileFeed({ path: log }) };
  }
  if (log !== undefined) settings.problem("log", "has no meaning where there is a command");
  return { console: bzadmin, feed: command };
}

function readNick(settings: SettingsReader): string {
  const nick = settings.optional("nick") ?? NICK;
  if (/^[\w.-]{1,31}$/.test(nick)) return nick;
  settings.problem("nick", "must be 1 to 31 letters, digits and . _ - of ASCII");
  return NICK;
}

function readPassword(settings: SettingsReader): string | undefined {
  const password = settings.optional("password");
  if (password === undefined || /^[\x21-\x7e]{1,100}$/.test(password)) return password;
  settings.problem("password", "must be 1 to 100 characters of ASCII without blanks");
  return undefined;
}
