import { readFileSync } from "node:fs";

/** Files, logs, the admin's and the plugins' connections beside those of the endpoint. */
const RESERVED_FILES = 128;

/**
 * How many connections the system lets this process hold, or infinity where that is not known. At
 * the system's own limit, accepting spins without an end, so the endpoint must stay below it.
 */
export function connectionsAllowed(limitsFile = "/proc/self/limits"): number {
  let text: string;
  try {
    text = readFileSync(limitsFile, "utf8");
  } catch {
    return Number.POSITIVE_INFINITY;
  }
  const files = /^Max open files\s+(\d+)/m.exec(text)?.[1];
  if (files === undefined) return Number.POSITIVE_INFINITY;
  return Math.max(1, Number(files) - RESERVED_FILES);
}
