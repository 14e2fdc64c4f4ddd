import { UserError } from '../../../src/cli/user-error.js';
import type { Calibration } from '../../../src/shared/models/model-manifest.js';
import type { EvaluationReport } from './report.js';

/**
 * Returns the `calibration` block of a model manifest: the threshold for each measurable false match rate.
 * @throws UserError if none is measurable.
 */
export function createCalibration(report: EvaluationReport): Calibration {
  const points = report.operatingPoints.flatMap((point) => {
    if (!point.measurable) return [];
    const fnmr = point.measured.fnmr.rate;
    return [{ fmr: point.fmr, threshold: point.threshold, ...(fnmr === null ? {} : { fnmr }) }];
  });
  const { matedScored, nonMatedScored } = report.pairs;
  if (points.length === 0)
    throw new UserError(
      `${nonMatedScored} non-mated pairs are too few for a calibration, which requires 300.`,
    );
  return {
    dataset: report.dataset.name,
    non_mated_pairs: nonMatedScored,
    mated_pairs: matedScored > 0 ? matedScored : null,
    date: report.createdAt.slice(0, 10),
    source: 'measured with npm run evaluate',
    points,
  };
}
