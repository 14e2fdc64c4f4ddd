import { type Scores, scoreAt } from './score-sample.js';

/** One bar: the values in [from, to); the last bar includes `to`. */
export interface Bin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/** Returns `bins` bars of equal width over [from, to]; values outside are counted in the nearest bar. */
export function countInBins(
  { values, below }: Scores,
  { from, to, bins }: { readonly from: number; readonly to: number; readonly bins: number },
): readonly Bin[] {
  const width = (to - from) / bins;
  const counts = new Float64Array(bins);
  for (const [place, value] of values.entries()) {
    const index = Math.floor((value - from) / width);
    counts[Math.min(bins - 1, Math.max(0, index))]! += below[place + 1]! - below[place]!;
  }
  return Array.from(counts, (count, index) => ({
    from: from + index * width,
    to: from + (index + 1) * width,
    count,
  }));
}

/** Returns the quantile `portion` (0..1) of the scores, interpolated. NaN without scores. */
export function quantile(scores: Scores, portion: number): number {
  const position = (scores.total - 1) * portion;
  const below = scoreAt(scores, Math.floor(position));
  const above = scoreAt(scores, Math.ceil(position));
  if (below === undefined || above === undefined) return Number.NaN;
  return below + (above - below) * (position - Math.floor(position));
}
