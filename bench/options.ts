import { parseArgs } from "node:util";
import type { Measure } from "./measure.ts";

export interface Options {
  /** Say how the program is called, and do nothing. */
  readonly help: boolean;
  /** Print one JSON document instead of the table. */
  readonly json: boolean;
  /** Measures whose name contains one of these; empty means all. */
  readonly only: readonly string[];
  /** Runs of each side that count. */
  readonly runs: number;
}

const RUNS_MAX = 100;

/** @throws {Error} that says how an option is written */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      only: { type: "string", multiple: true, default: [] },
      runs: { type: "string", default: "5" },
    },
  });
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1 || runs > RUNS_MAX) {
    throw new Error(`--runs takes a whole number from 1 to ${RUNS_MAX}, not "${values.runs}"`);
  }
  return { help: values.help, json: values.json, only: values.only, runs };
}

/** What `--help` prints. */
export function usage(measures: readonly Measure[]): string {
  const names = (isSlow: boolean): string =>
    measures
      .filter((measure) => (measure.isSlow ?? false) === isSlow)
      .map(({ name }) => `  ${name}`)
      .join("\n");
  return `usage: bun run bench [options]

  --only NAME  only measures whose name contains NAME; may be repeated
  --runs N     runs of each side that count, 1 to ${RUNS_MAX}; 5 by default
  --json       one JSON document on standard output instead of the table
  --help       this

What is kept on the disk is kept in a folder of $TMPDIR, by default of /var/tmp; it must not lie in memory.

Measures:
${names(false)}
and, only when asked for with --only, because they take minutes:
${names(true)}`;
}
