/** Results as a person reads them. */

import type { Result } from "./compare.ts";
import type { Machine } from "./machine.ts";
import type { Row, Target } from "./measure.ts";
import { median } from "./statistics.ts";

const HEADINGS = ["measure", "ccp-mesh", "bare", "ratio", "spread", "target"] as const;

export function machineLine({ bun, cpuCount, cpuModel, kernel, load }: Machine): string {
  const cpu = `${cpuCount} x ${cpuModel}`;
  return `Bun ${bun}, ${cpu}, ${kernel}, loopback; load at the start ${load.toFixed(2)}`;
}

export function table(results: readonly Result[]): string {
  const lines = [HEADINGS, ...results.map(cells)];
  const widths = HEADINGS.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, at) => pad(cell, at, widths[at] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

export function notes(runs: number): string {
  const few = runs < 5 ? " Fewer than five runs: not figures to publish." : "";
  return (
    "ccp-mesh and bare: medians. ratio: ccp-mesh divided by bare, the median of the pairs of " +
    `runs;\nspread: their least and greatest. ${runs} runs of each side in turn, one more before ` +
    `them not counted.${few}`
  );
}

/** Texts begin on the left; figures end on the right. */
function pad(cell: string, at: number, width: number): string {
  return at === 0 || at === HEADINGS.length - 1 ? cell.padEnd(width) : cell.padStart(width);
}

function cells({ row, ccp, bare, ratio, ratioMin, ratioMax, met }: Result): readonly string[] {
  const target =
    row.target === undefined ? "" : `${targetText(row.target, row)} ${met ? "ok" : "missed"}`;
  const spread = `${ratioMin.toFixed(2)}–${ratioMax.toFixed(2)}`;
  return [
    row.label,
    figure(median(ccp), row),
    figure(median(bare), row),
    ratio.toFixed(2),
    spread,
    target,
  ];
}

function targetText(target: Target, row: Row): string {
  if ("figureBelow" in target) return `below ${figure(target.figureBelow, row)}`;
  if ("figureAtLeast" in target) return `at least ${count(target.figureAtLeast)}/s`;
  return "atLeast" in target ? `at least ${target.atLeast}` : `at most ${target.atMost}`;
}

function figure(value: number, { unit, dataBytes }: Row): string {
  switch (unit) {
    case "us":
      return `${value.toFixed(1)} us`;
    case "ms":
      return `${value.toFixed(0)} ms`;
    case "bytes":
      return bytes(value);
    case "messages/s":
    case "requests/s":
    case "connections/s":
    case "events/s":
      return rate(value, dataBytes);
  }
}

function bytes(value: number): string {
  const KiB = 1024;
  const MiB = 1024 * KiB;
  return value < MiB ? `${(value / KiB).toFixed(2)} KiB` : `${(value / MiB).toFixed(1)} MiB`;
}

function rate(perSecond: number, dataBytes: number | undefined): string {
  const text = `${count(perSecond)}/s`;
  if (dataBytes === undefined) return text;
  return `${text} ${((perSecond * dataBytes) / 1e6).toFixed(0).padStart(4)} MB/s`;
}

function count(value: number): string {
  return value >= 1e6 ? `${(value / 1e6).toFixed(2)} M` : `${(value / 1e3).toFixed(1)} k`;
}
