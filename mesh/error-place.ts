/** Where in a plugin an error comes from. */

import { join, sep } from "node:path";
import * as v from "valibot";

/** The node's own folders: whoever wrote a plugin looks for a place in the plugin. */
export const OWN_FOLDERS: readonly string[] = [import.meta.dir, join(import.meta.dir, "..", "src")];

/** An error and its causes are looked at so far down. */
const CAUSES_MAX = 8;

const FRAME = /(?:^|[\s(])((?:[A-Za-z]:)?[\\/][^()]*:\d+:\d+)\)?$/;

const BuildError = v.object({
  position: v.object({ file: v.string(), line: v.number(), column: v.number() }),
});

/**
 * The first place outside the node's own code, as `/srv/chat.ts:2:30`, of what caused the error
 * or of the error itself; `undefined` if there is none. Never throws.
 */
export function errorPlace(error: unknown): string | undefined {
  try {
    return causesOf(error)
      .map(placeOf)
      .findLast((place) => place !== undefined);
  } catch {
    // A getter that throws.
    return undefined;
  }
}

function causesOf(error: unknown): unknown[] {
  const causes: unknown[] = [];
  let next = error;
  while (next !== undefined && causes.length < CAUSES_MAX) {
    causes.push(next);
    next = causeOf(next);
  }
  return causes;
}

/** Several errors of syntax come in a bundle. */
function causeOf(error: unknown): unknown {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors[0];
  return error instanceof Error ? error.cause : undefined;
}

function placeOf(error: unknown): string | undefined {
  const build = v.safeParse(BuildError, error);
  if (build.success) {
    const { file, line, column } = build.output.position;
    return `${file}:${line}:${column}`;
  }
  if (!(error instanceof Error)) return undefined;
  return (error.stack ?? "")
    .split("\n")
    .map((line) => FRAME.exec(line)?.[1])
    .find((place) => place !== undefined && !isOwn(place));
}

function isOwn(place: string): boolean {
  return OWN_FOLDERS.some((own) => place.startsWith(own + sep));
}
