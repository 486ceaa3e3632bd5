/** Results as a program reads them. */

import type { Result } from "./compare.ts";
import type { Machine } from "./machine.ts";
import { median } from "./statistics.ts";

export interface Report {
  readonly machine: Machine;
  readonly runs: number;
  readonly results: readonly object[];
}

export function report(machine: Machine, runs: number, results: readonly Result[]): Report {
  return {
    machine,
    runs,
    results: results.map(({ row, ccp, bare, ...ratios }) => ({
      ...row,
      ccpMesh: side(ccp, row.dataBytes),
      bare: side(bare, row.dataBytes),
      ...ratios,
    })),
  };
}

function side(runs: readonly number[], dataBytes: number | undefined): object {
  const middle = median(runs);
  const megabytes =
    dataBytes === undefined ? {} : { megabytesPerSecond: (middle * dataBytes) / 1e6 };
  return { median: middle, ...megabytes, runs };
}
