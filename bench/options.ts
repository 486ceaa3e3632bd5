import { parseArgs } from "node:util";

export interface Options {
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
      json: { type: "boolean", default: false },
      only: { type: "string", multiple: true, default: [] },
      runs: { type: "string", default: "5" },
    },
  });
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1 || runs > RUNS_MAX) {
    throw new Error(`--runs takes a whole number from 1 to ${RUNS_MAX}, not "${values.runs}"`);
  }
  return { json: values.json, only: values.only, runs };
}
