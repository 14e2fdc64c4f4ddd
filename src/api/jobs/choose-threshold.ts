import type { CompareRequest } from '../../shared/contract/compare-request.js';
import { thresholdForFmr } from '../../shared/models/calibration.js';
import type { Calibration } from '../../shared/models/model-manifest.js';
import type { ComparisonJob } from '../../shared/queue/comparison-job.js';

export interface ThresholdRules {
  readonly calibration: Calibration | null;
  readonly settings: {
    /** For requests that name none. */
    readonly threshold: number;
    /** Lowest threshold that a false match rate can give. */
    readonly minThreshold: number;
  };
}

/**
 * Returns the threshold of a request and where it comes from: shadow mode has to know what a change of the default changes.
 * @throws VerificationError `calibration_unavailable`.
 */
export function chooseThreshold(
  { threshold, fmr }: Pick<CompareRequest, 'threshold' | 'fmr'>,
  { calibration, settings }: ThresholdRules,
): Pick<ComparisonJob, 'threshold' | 'threshold_fmr' | 'threshold_is_default'> {
  if (fmr !== undefined)
    return { threshold: thresholdForFmr(calibration, fmr, settings.minThreshold), threshold_fmr: fmr };
  return threshold === undefined
    ? { threshold: settings.threshold, threshold_is_default: true }
    : { threshold };
}
