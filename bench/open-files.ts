import { readFileSync } from "node:fs";

/** What the process has open beside the connections of a measure, with plenty to spare. */
const OTHERS = 200;

/** As many connections as are wanted, or as many as this process may have open. */
export function connectionsWithin(wanted: number): number {
  return Math.max(1, Math.min(wanted, openFilesMax() - OTHERS));
}

function openFilesMax(): number {
  const limits = readFileSync("/proc/self/limits", "utf8");
  const [, soft] = /^Max open files\s+(\d+)/mu.exec(limits) ?? [];
  return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
}
