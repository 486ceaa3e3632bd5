import type { SettingsReader } from "../../../index.ts";
import type { GameAdapter, Preset } from "../adapter.ts";
import { LineConsole, LOGIN_LINES_MAX, readOwnGrammar } from "../consoles.ts";
import { TextAdapter } from "../text-game.ts";
import { type Pattern, writtenPattern } from "../text-reading.ts";

const PING_INTERVAL_S = 60;
const PASSWORD = "{password}";

/** Any game with a console of lines by TCP, with or without telnet, such as a MUX. */
export const LINE_PRESET: Preset = {
  name: "line",
  create: createLine,
};

function createLine(settings: SettingsReader): GameAdapter {
  return new TextAdapter({
    game: settings.optional("game") ?? "line",
    grammar: readOwnGrammar(settings),
    console: readLine(settings),
  });
}

function readLine(settings: SettingsReader): LineConsole {
  if (!settings.has("port")) settings.problem("port", "is missing: the port of the game's console");
  return new LineConsole({
    host: settings.optional("host") ?? "127.0.0.1",
    port: settings.port("port", 1),
    ...readLogin(settings),
    ready: readPattern(settings, "ready"),
    wrongPassword: readPattern(settings, "wrong_password"),
    ping: readPing(settings),
  });
}

function readLogin(settings: SettingsReader): {
  readonly login: readonly string[];
  readonly password: string | undefined;
} {
  const login = settings.lines("login");
  const password = settings.optional("password");
  if (login.length > LOGIN_LINES_MAX) {
    settings.problem("login", `has more than ${LOGIN_LINES_MAX} lines`);
  }
  for (const line of login) refuseControl(settings, "login", line);
  refuseControl(settings, "password", password ?? "");
  const isUsed = login.some((line) => line.includes(PASSWORD));
  if (isUsed && password === undefined) {
    settings.problem("password", `is missing: login has ${PASSWORD} in it`);
  }
  if (!isUsed && password !== undefined) {
    settings.problem("login", `must have ${PASSWORD} where the password is to stand`);
  }
  return { login, password };
}

function readPing(
  settings: SettingsReader,
): { readonly line: string; readonly intervalMs: number } | undefined {
  const line = settings.optional("ping");
  const range = { min: 1, max: 3600 };
  const intervalMs = 1000 * settings.whole("ping_interval_s", PING_INTERVAL_S, range);
  if (line === undefined) return undefined;
  refuseControl(settings, "ping", line);
  return { line, intervalMs };
}

function readPattern(settings: SettingsReader, key: string): Pattern | undefined {
  const written = settings.optional(key);
  if (written === undefined) return undefined;
  const pattern = writtenPattern("ignore", written);
  if (!("problem" in pattern)) return pattern;
  settings.problem(key, pattern.problem);
  return undefined;
}

function refuseControl(settings: SettingsReader, key: string, line: string): void {
  if (/\p{Cc}/u.test(line)) {
    settings.problem(key, "must be one line without control characters", line);
  }
}
