/** One bar: the values in [from, to); the last bar includes `to`. */
export interface Bin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/** Returns `bins` bars of equal width over [from, to]; values outside are counted in the nearest bar. */
export function countInBins(
  values: Iterable<number>,
  { from, to, bins }: { readonly from: number; readonly to: number; readonly bins: number },
): readonly Bin[] {
  const width = (to - from) / bins;
  const counts = new Uint32Array(bins);
  for (const value of values) {
    const index = Math.floor((value - from) / width);
    counts[Math.min(bins - 1, Math.max(0, index))]! += 1;
  }
  return Array.from(counts, (count, index) => ({
    from: from + index * width,
    to: from + (index + 1) * width,
    count,
  }));
}

/** Returns the quantile `portion` (0..1) of the ascending `values`, interpolated. NaN without values. */
export function quantile(values: Float64Array, portion: number): number {
  const position = (values.length - 1) * portion;
  const below = values[Math.floor(position)];
  const above = values[Math.ceil(position)];
  if (below === undefined || above === undefined) return Number.NaN;
  return below + (above - below) * (position - Math.floor(position));
}
