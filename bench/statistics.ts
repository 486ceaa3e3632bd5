export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value that a `share` of all values does not exceed, interpolated between neighbours. */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new Error("no values to take a quantile of");
  const sorted = Float64Array.from(values).toSorted();
  const at = (sorted.length - 1) * share;
  const below = sorted[Math.floor(at)] ?? 0;
  const above = sorted[Math.ceil(at)] ?? 0;
  return below + (above - below) * (at % 1);
}

export function p50AndP99(values: readonly number[]): readonly number[] {
  return [quantile(values, 0.5), quantile(values, 0.99)];
}

export function microsecondsSince(sinceMs: number): number {
  return (performance.now() - sinceMs) * 1000;
}
