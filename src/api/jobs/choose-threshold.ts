import type { CompareRequest } from '../../shared/contract/compare-request.js';
import { thresholdForFmr } from '../../shared/models/calibration.js';
import type { Calibration } from '../../shared/models/model-manifest.js';
import type { ComparisonJob } from '../../shared/queue/comparison-job.js';
import type { CallerRules } from '../access/access.js';

/**
 * Returns the threshold of a request and where it comes from: shadow mode has to know what a change of the
 * service's default changes.
 * @throws VerificationError `calibration_unavailable`.
 */
export function chooseThreshold(
  { threshold, fmr }: Pick<CompareRequest, 'threshold' | 'fmr'>,
  rules: Pick<CallerRules, 'threshold' | 'isServiceThreshold' | 'minThreshold'>,
  calibration: Calibration | null,
): Pick<ComparisonJob, 'threshold' | 'threshold_fmr' | 'threshold_is_default'> {
  if (fmr !== undefined)
    return { threshold: thresholdForFmr(calibration, fmr, rules.minThreshold), threshold_fmr: fmr };
  if (threshold !== undefined) return { threshold };
  return {
    threshold: rules.threshold,
    ...(rules.isServiceThreshold ? { threshold_is_default: true } : {}),
  };
}
