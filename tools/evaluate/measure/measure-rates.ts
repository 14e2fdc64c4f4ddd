import type { MeasuredRate, OperatingPoint, Quartiles } from '../results/report.js';
import { binomialInterval } from '../statistics/binomial-interval.js';
import {
  countFalseMatches,
  countFalseNonMatches,
  type ErrorCount,
  thresholdForFalseMatchRate,
} from '../statistics/error-rates.js';
import { quantile } from '../statistics/histogram.js';
import type { ScoreSample, Scores } from '../statistics/score-sample.js';
import { TALLY_STEPS } from '../statistics/score-tally.js';

/** Expected errors from which a rate counts as measurable. With fewer, there may well be none in the data. */
const EXPECTED_ERRORS = 3;

/** Returns a count with its rate and interval. */
export function rateWithInterval({ errors, trials }: ErrorCount): MeasuredRate {
  const rate = trials === 0 ? null : errors / trials;
  return { errors, trials, rate, interval: binomialInterval({ errors, trials }) };
}

/** Returns both error rates of single pairs at `threshold`. */
export function measureAt(
  sample: ScoreSample,
  threshold: number,
): { readonly fmr: MeasuredRate; readonly fnmr: MeasuredRate } {
  return {
    fmr: rateWithInterval(countFalseMatches(sample, threshold)),
    fnmr: rateWithInterval(countFalseNonMatches(sample, threshold)),
  };
}

/** Returns the threshold for a false match rate, or the number of non-mated pairs required to measure it. */
export function measureOperatingPoint(sample: ScoreSample, fmr: number): OperatingPoint {
  const pairsNeeded = Math.round(EXPECTED_ERRORS / fmr);
  if (sample.nonMated.total < pairsNeeded) return { fmr, measurable: false, pairsNeeded };
  const threshold = roundUp(thresholdForFalseMatchRate(sample, fmr));
  return { fmr, measurable: true, threshold, measured: measureAt(sample, threshold) };
}

/**
 * Rounds a threshold up to a step, so that rounding never lets more pairs match. Floating-point rounding of the product can
 * end slightly below the threshold.
 */
function roundUp(threshold: number): number {
  const step = Math.ceil(threshold * TALLY_STEPS);
  return (step / TALLY_STEPS < threshold ? step + 1 : step) / TALLY_STEPS;
}

/** Returns minimum, quartiles and maximum; null without scores. */
export function quartilesOf(scores: Scores): Quartiles | null {
  if (scores.total === 0) return null;
  const at = (portion: number): number => quantile(scores, portion);
  return [at(0), at(0.25), at(0.5), at(0.75), at(1)];
}
