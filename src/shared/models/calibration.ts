import { VerificationError } from '../errors.js';
import type { Calibration } from './model-manifest.js';

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
