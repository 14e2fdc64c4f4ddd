import type { MeasuredRate, OperatingPoint, Quartiles } from '../results/report.js';
import { binomialInterval } from '../statistics/binomial-interval.js';
import {
  countFalseMatches,
  countFalseNonMatches,
  type ErrorCount,
  thresholdForFalseMatchRate,
} from '../statistics/error-rates.js';
import { quantile } from '../statistics/histogram.js';
import type { ScoreSample } from '../statistics/score-sample.js';

/** Errors that a rate must be expected to show before it counts as measurable: with fewer, none might well be seen. */
const EXPECTED_ERRORS = 3;

/** Thresholds are given in this many steps from 0 to 1, always rounded up: a rounded one must not let more pairs match. */
const THRESHOLD_STEPS = 10_000;

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

/** Returns the threshold that keeps to a false match rate, or how many non-mated pairs it would take to tell one. */
export function measureOperatingPoint(sample: ScoreSample, fmr: number): OperatingPoint {
  const pairsNeeded = Math.round(EXPECTED_ERRORS / fmr);
  if (sample.nonMated.length < pairsNeeded) return { fmr, measurable: false, pairsNeeded };
  const threshold = roundUp(thresholdForFalseMatchRate(sample, fmr));
  return { fmr, measurable: true, threshold, measured: measureAt(sample, threshold) };
}

/** Rounding of the product can land a hair below the threshold itself. */
function roundUp(threshold: number): number {
  const step = Math.ceil(threshold * THRESHOLD_STEPS);
  return (step / THRESHOLD_STEPS < threshold ? step + 1 : step) / THRESHOLD_STEPS;
}

/** Returns the values that divide an ascending list into quarters, its ends among them; null without values. */
export function quartilesOf(sorted: Float64Array): Quartiles | null {
  if (sorted.length === 0) return null;
  const at = (portion: number): number => quantile(sorted, portion);
  return [at(0), at(0.25), at(0.5), at(0.75), at(1)];
}
