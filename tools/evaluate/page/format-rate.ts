import type { MeasuredRate } from '../results/report.js';

const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹';

/** Formats a rate: `8.2 %`, `0.031 %`, below 0.01 % as `4.4·10⁻⁶`. Two digits, three from 1 % upwards. */
export function formatRate(rate: number): string {
  if (rate === 0) return '0';
  if (rate >= 0.0001) return `${Number((rate * 100).toPrecision(rate >= 0.01 ? 3 : 2))} %`;
  const [digits, exponent] = rate.toExponential(1).split('e-');
  const raised = [...(exponent ?? '')].map((digit) => SUPERSCRIPTS[Number(digit)]).join('');
  return `${digits?.replace('.0', '')}·10⁻${raised}`;
}

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
