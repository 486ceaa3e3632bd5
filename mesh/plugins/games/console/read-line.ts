import type { SettingsReader } from "../../../index.ts";
import { type Pattern, writtenPattern } from "../text-reading.ts";
import { LOGIN_LINES_MAX } from "./limits.ts";
import { LineConsole } from "./line-connection.ts";

const PING_INTERVAL_S = 60;
const PASSWORD = "{password}";

/** The keys `login`, `password`, `ready`, `wrong_password`, `ping` and `ping_interval_s`. */
export function readLine(
  settings: SettingsReader,
  { host, port }: { readonly host: string; readonly port: number },
): LineConsole {
  return new LineConsole({
    host,
    port,
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
