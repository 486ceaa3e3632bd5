import { Competitor } from "./competitor.ts";
import type { Measure, Row, Target } from "./measure.ts";
import { median } from "./statistics.ts";

/** What a row of the table says. */
export interface Result {
  readonly row: Row;
  /** The figure of each run; figures at the same place are a pair, taken one after the other. */
  readonly ccp: readonly number[];
  readonly bare: readonly number[];
  /** ccp-mesh's figure divided by the bare one: the median, least and greatest of all pairs. */
  readonly ratio: number;
  readonly ratioMin: number;
  readonly ratioMax: number;
  /** Whether the target is reached; `undefined` where there is none. */
  readonly met: boolean | undefined;
}

/** Both sides of a measure in turn, so many times, after a run of each that does not count. */
export async function compare(measure: Measure, runs: number): Promise<readonly Result[]> {
  await using ccp = new Competitor(measure, "ccp");
  await using bare = new Competitor(measure, "bare");
  const pairs = [];
  for (let i = 0; i <= runs; i += 1) pairs.push({ ccp: await ccp.run(), bare: await bare.run() });
  const counted = pairs.slice(1);
  return measure.rows.map((row, at) =>
    result(
      row,
      counted.map((pair) => figureAt(pair.ccp, at)),
      counted.map((pair) => figureAt(pair.bare, at)),
    ),
  );
}

function figureAt(figures: readonly number[], at: number): number {
  const figure = figures[at];
  if (figure === undefined) throw new Error("a run gave fewer figures than there are rows");
  return figure;
}

function result(row: Row, ccp: readonly number[], bare: readonly number[]): Result {
  const ratios = ccp.map((figure, at) => figure / figureAt(bare, at));
  const ratio = median(ratios);
  return {
    row,
    ccp,
    bare,
    ratio,
    ratioMin: Math.min(...ratios),
    ratioMax: Math.max(...ratios),
    met: row.target && meets(row.target, { ratio, figure: median(ccp) }),
  };
}

function meets(
  target: Target,
  { ratio, figure }: { readonly ratio: number; readonly figure: number },
): boolean {
  if ("figureBelow" in target) return figure < target.figureBelow;
  if ("figureAtLeast" in target) return figure >= target.figureAtLeast;
  return "atLeast" in target ? ratio >= target.atLeast : ratio <= target.atMost;
}
