import type { CurvePoint } from '../statistics/error-curve.js';
import {
  CHART_SIZE,
  type ChartSpec,
  chartTitle,
  MATED_COLOUR,
  NON_MATED_COLOUR,
  rateAxis,
} from './chart-style.js';
import { thresholdRule } from './similarity-chart.js';

const FMR_NAME = 'FMR: non-mated pairs that match';
const FNMR_NAME = 'FNMR: mated pairs that do not match';

/**
 * Returns the chart of both error rates by threshold, on a logarithmic axis down to `floor`. A line ends where no more
 * errors occur.
 */
export function ratesChart(
  points: readonly CurvePoint[],
  {
    threshold,
    caption,
    floor,
  }: { readonly threshold: number; readonly caption: string; readonly floor: number },
): ChartSpec {
  const values = [...lineOf(points, 'fnmr', FNMR_NAME), ...lineOf(points, 'fmr', FMR_NAME)];
  return {
    ...CHART_SIZE,
    title: chartTitle('Error rates by threshold', caption, 'A line ends where there were no errors.'),
    layer: [
      {
        data: { values },
        // The rates of a point apply to every threshold down to the previous point.
        mark: { type: 'line', interpolate: 'step-before', strokeWidth: 2.2, clip: true },
        encoding: {
          x: {
            field: 'threshold',
            type: 'quantitative',
            scale: { domain: [0, 1] },
            axis: { title: 'threshold (similarity from which a pair matches)', tickCount: 11 },
          },
          y: {
            field: 'rate',
            type: 'quantitative',
            scale: { type: 'log', domain: [floor, 1], nice: false },
            axis: rateAxis('error rate', floor),
          },
          color: {
            field: 'error',
            type: 'nominal',
            legend: { title: null, labelLimit: 400 },
            scale: { domain: [FNMR_NAME, FMR_NAME], range: [MATED_COLOUR, NON_MATED_COLOUR] },
          },
        },
      },
      thresholdRule(threshold, 'bottom'),
    ],
  };
}

/** Returns the points of one line with a rate above zero; a logarithmic axis cannot show zero. */
function lineOf(points: readonly CurvePoint[], rate: 'fmr' | 'fnmr', error: string): readonly object[] {
  return points.flatMap((point, index) => {
    if (point[rate] === 0) return [];
    const before = points[index - 1];
    // The first rate above zero starts right after the last threshold without errors.
    const start =
      before && before[rate] === 0 ? [{ threshold: before.threshold, rate: point[rate], error }] : [];
    return [...start, { threshold: Math.min(1, point.threshold), rate: point[rate], error }];
  });
}
