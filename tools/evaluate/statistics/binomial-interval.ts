import type { ErrorCount } from './error-rates.js';

/** Bounds of a rate, 0 ≤ low ≤ high ≤ 1. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Limits of the bisection and the continued fraction. Both reach double precision well before. */
const BISECTIONS = 100;
const FRACTION_TERMS = 5_000;

/**
 * Returns the exact two-sided interval of a rate after `errors` in `trials` independent trials. It contains the true rate
 * with a probability of at least `level`. (0, 1) without trials.
 * @see Clopper and Pearson, The use of confidence or fiducial limits illustrated in the case of the binomial, 1934
 */
export function binomialInterval({ errors, trials }: ErrorCount, level = 0.95): Interval {
  const tail = (1 - level) / 2;
  const low = errors === 0 ? 0 : betaQuantile(tail, errors, trials - errors + 1);
  const high = errors === trials ? 1 : betaQuantile(1 - tail, errors + 1, trials - errors);
  return { low, high };
}

/**
 * Returns the largest plausible rate (one-sided, 95 %) after `trials` without errors: 3 / trials (rule of three), at most 1.
 */
export function ruleOfThree(trials: number): number {
  return Math.min(1, 3 / trials);
}

/** Returns the x with I_x(a, b) = probability, by bisection. */
function betaQuantile(probability: number, a: number, b: number): number {
  let low = 0;
  let high = 1;
  for (let i = 0; i < BISECTIONS; i++) {
    const middle = (low + high) / 2;
    if (regularisedBeta(middle, a, b) < probability) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Returns I_x(a, b), the distribution function of the beta distribution. @see DLMF 8.17(v), continued fraction 8.17.22 */
function regularisedBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  // The fraction converges fast only left of the mean; right of it, the mirrored one does.
  if (x > (a + 1) / (a + b + 2)) return 1 - regularisedBeta(1 - x, b, a);
  const front = logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x);
  return (Math.exp(front) / a) * betaFraction(x, a, b);
}

/** Returns the continued fraction by the modified Lentz method (Thompson and Barnett). */
function betaFraction(x: number, a: number, b: number): number {
  const notZero = (value: number): number => (Math.abs(value) < 1e-300 ? 1e-300 : value);
  let numerator = 1;
  let denominator = 1 / notZero(1 - ((a + b) * x) / (a + 1));
  let result = denominator;
  for (let m = 1; m <= FRACTION_TERMS; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    let change = 1;
    for (const term of [even, odd]) {
      denominator = 1 / notZero(1 + term * denominator);
      numerator = notZero(1 + term / numerator);
      change = numerator * denominator;
      result *= change;
    }
    if (Math.abs(change - 1) < 1e-15) break;
  }
  return result;
}

/** Returns ln Γ(x) for x ≥ 1, by Stirling's series after a shift to x ≥ 10; accurate to about 1e-14. @see DLMF 5.11.1 */
function logGamma(x: number): number {
  let shift = 0;
  let large = x;
  for (; large < 10; large++) shift -= Math.log(large);
  const square = large * large;
  const series = (1 / 12 - (1 / 360 - (1 / 1260 - 1 / 1680 / square) / square) / square) / large;
  return shift + (large - 0.5) * Math.log(large) - large + Math.log(2 * Math.PI) / 2 + series;
}
