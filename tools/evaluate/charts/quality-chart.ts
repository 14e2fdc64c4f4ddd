import { countInBins } from '../statistics/histogram.js';
import type { Scores } from '../statistics/score-sample.js';
import { CHART_SIZE, type ChartSpec, chartTitle, MATED_COLOUR } from './chart-style.js';

const BINS = 40;

/** Returns the histogram of quality scores. */
export function qualityChart(qualities: Scores, caption: string): ChartSpec {
  const values = countInBins(qualities, { from: 0, to: 1, bins: BINS }).filter(({ count }) => count > 0);
  return {
    width: CHART_SIZE.width,
    height: CHART_SIZE.height / 2,
    title: chartTitle('Quality of the faces', caption),
    data: { values },
    mark: { type: 'bar', color: MATED_COLOUR, binSpacing: 1 },
    encoding: {
      x: {
        field: 'from',
        type: 'quantitative',
        bin: { binned: true },
        scale: { domain: [0, 1] },
        axis: { title: 'quality score (0 unusable, 1 sharp, evenly lit, frontal)', tickCount: 11 },
      },
      x2: { field: 'to' },
      y: { field: 'count', type: 'quantitative', axis: { title: 'photos', tickMinStep: 1, format: 'd' } },
    },
  };
}
