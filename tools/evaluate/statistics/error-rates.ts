import { countBelow, type ScoreSample, scoreAt } from './score-sample.js';

/** Errors in a number of trials. The rate is errors / trials; undefined without trials. */
export interface ErrorCount {
  readonly errors: number;
  readonly trials: number;
}

/** Returns the non-mated pairs that would match at `threshold`, of all non-mated pairs: their ratio is the FMR. */
export function countFalseMatches({ nonMated }: ScoreSample, threshold: number): ErrorCount {
  return { errors: nonMated.total - countBelow(nonMated, threshold), trials: nonMated.total };
}

/** Returns the mated pairs that would not match at `threshold`, of all mated pairs: their ratio is the FNMR. */
export function countFalseNonMatches({ mated }: ScoreSample, threshold: number): ErrorCount {
  return { errors: countBelow(mated, threshold), trials: mated.total };
}

/** Returns errors / trials, 0..1, or NaN without trials. */
export function rateOf({ errors, trials }: ErrorCount): number {
  return errors / trials;
}

/**
 * Returns the lowest threshold at which at most `fmr` of the non-mated pairs match. Pairs of equal similarity match together
 * or not at all, so with ties the resulting rate can be well below `fmr`. -1 if all can match.
 * @throws Error without non-mated pairs.
 */
export function thresholdForFalseMatchRate({ nonMated }: ScoreSample, fmr: number): number {
  if (nonMated.total === 0) throw new Error('this is a bug: no non-mated pairs');
  // 0.07 * 100 is 7.000000000000001 and 0.29 * 100 is 28.999999999999996: rounding must not cost a pair.
  const allowed = Math.floor(fmr * nonMated.total + 1e-9);
  if (allowed >= nonMated.total) return -1;
  return nextAbove(scoreAt(nonMated, nonMated.total - 1 - allowed)!);
}

/** Returns the smallest double that is larger than the finite `value`. */
export function nextAbove(value: number): number {
  if (value === 0) return Number.MIN_VALUE;
  const bits = new BigInt64Array(1);
  const double = new Float64Array(bits.buffer);
  double[0] = value;
  bits[0] = bits[0]! + (value > 0 ? 1n : -1n);
  return double[0]!;
}
