/**
 * `bun run bench`: ccp-mesh against bare Bun sockets that move the same bytes, and what it keeps on the disk
 * against a bare SQLite file. `--help` lists the options.
 */

import { compare, type Result } from "./compare.ts";
import { machine } from "./machine.ts";
import type { Measure } from "./measure.ts";
import { MEASURES } from "./measures/index.ts";
import { type Options, parseOptions, usage } from "./options.ts";
import { report } from "./report.ts";
import { machineLine, notes, table } from "./table.ts";

function chosen(only: readonly string[]): readonly Measure[] {
  if (only.length === 0) return MEASURES.filter(({ isSlow }) => isSlow !== true);
  const measures = MEASURES.filter(({ name }) => only.some((part) => name.includes(part)));
  if (measures.length > 0) return measures;
  const names = MEASURES.map(({ name }) => `"${name}"`).join(", ");
  throw new Error(`no measure has such a name; there are ${names}`);
}

async function main({ help, json, only, runs }: Options): Promise<void> {
  if (help) {
    console.log(usage(MEASURES));
    return;
  }
  const facts = machine();
  const results: Result[] = [];
  for (const measure of chosen(only)) {
    if (process.stderr.isTTY) console.error(`${measure.name} …`);
    results.push(...(await compare(measure, runs)));
  }
  if (json) console.log(JSON.stringify(report(facts, runs, results), undefined, 2));
  else console.log(`${machineLine(facts)}\n\n${table(results)}\n\n${notes(runs)}`);
}

// What is on the disk goes with the process, also where somebody stops it.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

try {
  await main(parseOptions(process.argv.slice(2)));
  process.exit(0);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
