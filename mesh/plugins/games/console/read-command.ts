import type { SettingsReader } from "../../../index.ts";
import { ChildConsole } from "./child-process.ts";
import { STOP_TIMEOUT_MS } from "./limits.ts";
import { splitCommand } from "./split-command.ts";

/** The keys `command`, `folder`, `stop_command` and `stop_timeout_ms`; `undefined` where there is no command. */
export function readCommand(settings: SettingsReader): ChildConsole | undefined {
  const written = settings.optional("command");
  const folder = settings.optional("folder");
  const stopCommand = settings.optional("stop_command");
  const stopTimeoutMs = settings.whole("stop_timeout_ms", STOP_TIMEOUT_MS, {
    min: 0,
    max: 600_000,
  });
  if (stopCommand !== undefined && /\p{Cc}/u.test(stopCommand)) {
    settings.problem("stop_command", "must be one line without control characters");
  }
  if (written === undefined) {
    for (const key of ["folder", "stop_command", "stop_timeout_ms"]) {
      if (settings.has(key)) settings.problem(key, "has no meaning without a command");
    }
    return undefined;
  }
  const words = splitCommand(written);
  if ("problem" in words) {
    settings.problem("command", words.problem);
    return undefined;
  }
  return new ChildConsole({ words, folder, stopCommand, stopTimeoutMs });
}
