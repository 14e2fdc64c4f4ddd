import { formatCount } from '../page/format-rate.js';
import { countInBins } from '../statistics/histogram.js';
import type { ScoreSample, Scores } from '../statistics/score-sample.js';
import {
  CHART_SIZE,
  type ChartSpec,
  chartTitle,
  MATED_COLOUR,
  NON_MATED_COLOUR,
  PERCENT_LABEL,
} from './chart-style.js';

/** Threshold from which the label is placed left of the line, to stay inside the chart. */
const LABEL_TURNS_AT = 0.75;

/** Width of a bar is 2 / BINS: similarities run from -1 to 1. */
const BINS = 100;

/**
 * Returns the histograms of similarities: mated pairs above, non-mated pairs below. Each shows shares of its own kind, so
 * that many non-mated pairs do not hide few mated ones.
 */
export function similarityChart(
  { mated, nonMated }: ScoreSample,
  { threshold, caption }: { readonly threshold: number; readonly caption: string },
): ChartSpec {
  const kinds = [
    { kind: countPairs('mated', mated), colour: MATED_COLOUR, scores: mated },
    { kind: countPairs('non-mated', nonMated), colour: NON_MATED_COLOUR, scores: nonMated },
  ];
  const from = Math.floor(Math.min(-0.2, mated.values[0] ?? 0, nonMated.values[0] ?? 0) * 5) / 5;
  const x = {
    type: 'quantitative',
    scale: { domain: [from, 1], nice: false },
    axis: { title: 'similarity (cosine of the two embeddings)', values: fifths(from) },
  };
  const plots = kinds.map(({ kind, colour, scores }, index) => ({
    width: CHART_SIZE.width,
    height: CHART_SIZE.height / 2 - 25,
    title: { text: kind, anchor: 'start', fontSize: 12.5, color: colour, offset: 4 },
    layer: [
      {
        data: { values: shareOf(scores) },
        mark: { type: 'bar', color: colour, binSpacing: 0.5 },
        encoding: {
          x: {
            ...x,
            field: 'from',
            bin: { binned: true },
            axis: index === 0 ? { ...x.axis, title: null } : x.axis,
          },
          x2: { field: 'to' },
          y: {
            field: 'share',
            type: 'quantitative',
            axis: { title: 'share of pairs', labelExpr: PERCENT_LABEL, tickCount: 4 },
          },
        },
      },
      thresholdRule(threshold, index === 1 ? 'top' : undefined),
    ],
  }));
  return {
    title: chartTitle('Similarity of mated and non-mated pairs', caption),
    vconcat: plots,
    spacing: 14,
  };
}

const countPairs = (kind: string, { total }: Scores): string =>
  `${formatCount(total)} ${kind} ${total === 1 ? 'pair' : 'pairs'}`;

function shareOf(scores: Scores): readonly object[] {
  return countInBins(scores, { from: -1, to: 1, bins: BINS })
    .filter(({ count }) => count > 0)
    .map(({ from, to, count }) => ({ from, to, share: count / scores.total }));
}

function fifths(from: number): readonly number[] {
  return Array.from(
    { length: Math.round((1 - from) * 5) + 1 },
    (_, index) => Math.round(from * 5 + index) / 5,
  );
}

/** Returns a dashed vertical line at the threshold in use, labelled at one end. */
export function thresholdRule(threshold: number, label?: 'top' | 'bottom'): ChartSpec {
  const data = { values: [{}] };
  const at = { x: { datum: threshold, type: 'quantitative' } };
  const rule = { data, mark: { type: 'rule', strokeDash: [5, 4], color: '#222' }, encoding: at };
  if (!label) return rule;
  const text = {
    data,
    mark: {
      type: 'text',
      text: `threshold in use: ${threshold}`,
      color: '#222',
      fontSize: 11.5,
      ...(threshold > LABEL_TURNS_AT ? { align: 'right', dx: -5 } : { align: 'left', dx: 5 }),
      baseline: label,
      dy: label === 'top' ? 3 : -3,
    },
    encoding: { ...at, y: { value: label === 'top' ? 0 : 'height' } },
  };
  return { layer: [rule, text] };
}
