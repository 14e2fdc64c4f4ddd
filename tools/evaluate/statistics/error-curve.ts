import type { ScoreSample } from './score-sample.js';

/** Both error rates at one threshold. */
export interface CurvePoint {
  readonly threshold: number;
  readonly fmr: number;
  readonly fnmr: number;
}

/** Relative change of a rate below which two points of a curve are indistinguishable. */
const VISIBLE_CHANGE = 0.01;

/**
 * Yields every point of the trade-off between the two errors, one for each different similarity, with thresholds from the
 * lowest to infinity: FMR falls from 1 to 0, FNMR rises from 0 to 1. Time: one pass over both lists.
 * @throws Error if either kind of pair is missing.
 */
export function* traceErrorCurve({ mated, nonMated }: ScoreSample): Generator<CurvePoint> {
  if (mated.total === 0 || nonMated.total === 0) throw new Error('this is a bug: a kind of pair is missing');
  let matedIndex = 0;
  let nonMatedIndex = 0;
  for (;;) {
    const threshold = Math.min(
      mated.values[matedIndex] ?? Number.POSITIVE_INFINITY,
      nonMated.values[nonMatedIndex] ?? Number.POSITIVE_INFINITY,
    );
    yield {
      threshold,
      fmr: (nonMated.total - nonMated.below[nonMatedIndex]!) / nonMated.total,
      fnmr: mated.below[matedIndex]! / mated.total,
    };
    if (threshold === Number.POSITIVE_INFINITY) return;
    if (mated.values[matedIndex] === threshold) matedIndex += 1;
    if (nonMated.values[nonMatedIndex] === threshold) nonMatedIndex += 1;
  }
}

/** Returns a curve's ends and its visibly different points on logarithmic axes: a few thousand at most. */
export function thinCurve(points: Iterable<CurvePoint>): readonly CurvePoint[] {
  const kept: CurvePoint[] = [];
  let last: CurvePoint | undefined;
  for (const point of points) {
    const shown = kept.at(-1);
    if (!shown || !isNear(shown.fmr, point.fmr) || !isNear(shown.fnmr, point.fnmr)) kept.push(point);
    last = point;
  }
  if (last && last !== kept.at(-1)) kept.push(last);
  return kept;
}

function isNear(left: number, right: number): boolean {
  return Math.abs(left - right) <= VISIBLE_CHANGE * Math.max(left, right);
}

/**
 * Returns the rate at which the two errors are equal, 0..1, and the threshold there. Rates jump, so between the last
 * threshold with FMR ≥ FNMR and the first without, both are interpolated linearly.
 * @throws Error if the points are not a complete curve.
 */
export function findEqualErrorRate(points: Iterable<CurvePoint>): {
  readonly rate: number;
  readonly threshold: number;
} {
  let left: CurvePoint | undefined;
  for (const right of points) {
    if (left && right.fnmr > right.fmr) return interpolate(left, right);
    left = right;
  }
  throw new Error('this is a bug: the curve does not run from one error to the other');
}

function interpolate(left: CurvePoint, right: CurvePoint): { rate: number; threshold: number } {
  const lead = left.fmr - left.fnmr;
  const share = lead / (lead - (right.fmr - right.fnmr));
  const step = Number.isFinite(right.threshold) ? right.threshold - left.threshold : 0;
  return { rate: left.fmr + share * (right.fmr - left.fmr), threshold: left.threshold + share * step };
}
