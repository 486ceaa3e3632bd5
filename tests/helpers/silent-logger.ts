import type { Logger } from "../../mesh/log.ts";

/** For tests that do not look at the log. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
};
