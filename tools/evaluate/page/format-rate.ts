import { formatRate } from '../../../src/cli/local/format-rate.js';
import type { MeasuredRate } from '../results/report.js';

/** Formats a measured rate with its 95 % interval and counts: `1.2 % (0.4 % to 2.6 %; 6 of 500)`. */
export function formatMeasured({ errors, trials, rate, interval }: MeasuredRate): string {
  if (rate === null) return 'not measured';
  const counts = `${formatCount(errors)} of ${formatCount(trials)}`;
  return `${formatRate(rate)} (${formatRate(interval.low)} to ${formatRate(interval.high)}; ${counts})`;
}

/** Formats a whole number with commas between thousands. */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

/** Formats a similarity or quality score with three decimals. */
export function formatScore(score: number): string {
  return score.toFixed(3);
}
