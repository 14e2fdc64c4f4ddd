import { VerificationError } from '../errors.js';
import type { Calibration } from './model-manifest.js';

/**
 * Returns the lowest calibrated threshold whose false match rate is not above `fmr`: never a laxer one than asked for,
 * and never one below `floor`.
 * @throws VerificationError `calibration_unavailable` without a calibration, or when it has no point that strict.
 */
export function thresholdForFmr(calibration: Calibration | null, fmr: number, floor: number): number {
  const strict = (calibration?.points ?? [])
    .filter((point) => point.fmr <= fmr)
    .map((point) => point.threshold);
  if (strict.length === 0) throw new VerificationError('calibration_unavailable');
  return Math.max(floor, Math.min(...strict));
}

/** Returns the false match rate that `threshold` is known not to exceed, or undefined below the calibrated range. */
export function fmrAtThreshold(calibration: Calibration | null, threshold: number): number | undefined {
  const known = (calibration?.points ?? [])
    .filter((point) => point.threshold <= threshold)
    .map((point) => point.fmr);
  return known.length === 0 ? undefined : Math.min(...known);
}
