import { VerificationError } from '../errors.js';
import type { Calibration } from './model-manifest.js';

/** The FMR that people commonly ask for in one-to-one checks. @see NIST SP 800-63A-4 */
const COMMON_FMR = 1e-4;

/**
 * Returns the lowest calibrated threshold with a false match rate of at most `fmr`, and at least `floor`.
 * @throws VerificationError `calibration_unavailable` without a calibration, or if no point of it is strict enough.
 */
export function thresholdForFmr(calibration: Calibration | null, fmr: number, floor: number): number {
  const strict = (calibration?.points ?? [])
    .filter((point) => point.fmr <= fmr)
    .map((point) => point.threshold);
  if (strict.length === 0) throw new VerificationError('calibration_unavailable');
  return Math.max(floor, Math.min(...strict));
}

/** Returns an upper bound for the false match rate at `threshold`; undefined below the calibrated range. */
export function fmrAtThreshold(calibration: Calibration | null, threshold: number): number | undefined {
  const known = (calibration?.points ?? [])
    .filter((point) => point.threshold <= threshold)
    .map((point) => point.fmr);
  return known.length === 0 ? undefined : Math.min(...known);
}

/** Returns an upper bound for the false non-match rate at `threshold`; undefined above the calibrated range. */
export function fnmrAtThreshold(calibration: Calibration | null, threshold: number): number | undefined {
  const known = (calibration?.points ?? []).flatMap(({ threshold: calibrated, fnmr }) =>
    calibrated >= threshold && fnmr !== undefined ? [fnmr] : [],
  );
  return known.length === 0 ? undefined : Math.min(...known);
}

/** Returns, in sentences, the error rates at `threshold`, their basis, and the threshold for an FMR of 1e-4. */
export function describeThreshold(calibration: Calibration | null, threshold: number): string {
  if (!calibration)
    return `The error rates at ${threshold} are unknown: the pack has no calibration. Measure them with npm run evaluate.`;
  const fmr = fmrAtThreshold(calibration, threshold);
  const fnmr = fnmrAtThreshold(calibration, threshold);
  const rates = [
    ...(fmr === undefined ? [] : [`an FMR of at most ${formatRate(fmr)}`]),
    ...(fnmr === undefined ? [] : [`an FNMR of at most ${formatRate(fnmr)}`]),
  ];
  const meaning =
    fmr === undefined
      ? `${threshold} is below the calibrated thresholds: its FMR is unknown and too high.`
      : `${threshold} means ${rates.join(' and ')} per comparison (${describeBasis(calibration)}).`;
  return [meaning, ...describeAlternatives(calibration, threshold)].join(' ');
}

function describeBasis({ dataset, non_mated_pairs, mated_pairs, detector, date }: Calibration): string {
  const pairs = [
    ...(non_mated_pairs ? [`${non_mated_pairs.toLocaleString('en')} non-mated`] : []),
    ...(mated_pairs ? [`${mated_pairs.toLocaleString('en')} mated`] : []),
  ];
  return [
    dataset,
    ...(pairs.length > 0 ? [`${pairs.join(' and ')} pairs`] : []),
    ...(detector ? [`faces aligned by ${detector}`] : []),
    date,
  ].join(', ');
}

function describeAlternatives({ points, recommended_threshold }: Calibration, threshold: number): string[] {
  const common = points.find(({ fmr }) => fmr === COMMON_FMR);
  const fnmr = common?.fnmr === undefined ? '' : `, with an FNMR of ${formatRate(common.fnmr)}`;
  return [
    ...(common ? [`An FMR of ${formatRate(COMMON_FMR)} requires ${common.threshold}${fnmr}.`] : []),
    ...(recommended_threshold !== undefined && recommended_threshold !== threshold
      ? [`The pack recommends ${recommended_threshold}.`]
      : []),
  ];
}

/** `8.2 %`, `4.4e-6` */
function formatRate(rate: number): string {
  return rate >= 0.001 ? `${Number((rate * 100).toPrecision(3))} %` : rate.toExponential();
}
