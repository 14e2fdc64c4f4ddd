import type { CurvePoint } from '../statistics/error-curve.js';
import {
  CHART_SIZE,
  type ChartSpec,
  chartTitle,
  MATED_COLOUR,
  PERCENT_LABEL,
  rateAxis,
  rateScale,
  zeroPlace,
} from './chart-style.js';

export interface TradeOffOptions {
  /** Both rates at the threshold in use. */
  readonly inUse: CurvePoint;
  readonly caption: string;
  /** Lowest FMR and FNMR on the axes, powers of ten. A rate of zero is drawn below them. */
  readonly fmrFloor: number;
  readonly fnmrFloor: number;
}

const FMR_TITLE = 'FMR: share of non-mated pairs that match';
/** FMR from which the label is placed left of its point, to stay inside the chart. */
const LABEL_TURNS_AT = 0.05;
const ZERO_NOTE = 'Zero means that there were no errors in the data, not that errors are impossible.';

/** Returns the DET chart: FNMR against FMR, both on logarithmic axes. Closer to the lower left corner is better. */
export function detChart(points: readonly CurvePoint[], options: TradeOffOptions): ChartSpec {
  const place = ({ fmr, fnmr }: CurvePoint): Place => ({
    x: fmr || zeroPlace(options.fmrFloor),
    y: fnmr || zeroPlace(options.fnmrFloor),
  });
  const y = {
    scale: rateScale(options.fnmrFloor),
    axis: rateAxis('FNMR: share of mated pairs that do not match', options.fnmrFloor),
  };
  return {
    ...tradeOffChart(points.map(place), place(options.inUse), { ...options, y, labelSide: 'above' }),
    title: chartTitle('DET: the cost of fewer false matches', options.caption, ZERO_NOTE),
  };
}

/** Returns the ROC chart: mated pairs that match against FMR on a logarithmic axis. Closer to the top is better. */
export function rocChart(points: readonly CurvePoint[], options: TradeOffOptions): ChartSpec {
  const place = ({ fmr, fnmr }: CurvePoint): Place => ({
    x: fmr || zeroPlace(options.fmrFloor),
    y: 1 - fnmr,
  });
  const y = {
    scale: { domain: [0, 1] },
    axis: { title: 'share of mated pairs that match (1 − FNMR)', labelExpr: PERCENT_LABEL },
  };
  return {
    ...tradeOffChart(points.map(place), place(options.inUse), { ...options, y, labelSide: 'below' }),
    title: chartTitle('ROC: matching mated pairs by false match rate', options.caption, ZERO_NOTE),
  };
}

interface Place {
  readonly x: number;
  readonly y: number;
}

interface Layout extends TradeOffOptions {
  readonly labelSide: 'above' | 'below';
  readonly y: ChartSpec;
}

function tradeOffChart(curve: readonly Place[], inUse: Place, layout: Layout): ChartSpec {
  const encoding = {
    x: {
      field: 'x',
      type: 'quantitative',
      scale: rateScale(layout.fmrFloor),
      axis: rateAxis(FMR_TITLE, layout.fmrFloor),
    },
    y: { ...layout.y, field: 'y', type: 'quantitative' },
  };
  const label = `threshold in use: ${layout.inUse.threshold}`;
  return {
    ...CHART_SIZE,
    layer: [
      {
        data: { values: curve.map((point, index) => ({ ...point, index })) },
        mark: { type: 'line', color: MATED_COLOUR, strokeWidth: 2.2 },
        encoding: { ...encoding, order: { field: 'index' } },
      },
      { data: { values: [inUse] }, mark: { type: 'point', filled: true, size: 90, color: '#222' }, encoding },
      {
        data: { values: [inUse] },
        mark: { type: 'text', text: label, fontSize: 11.5, color: '#222', ...besidePoint(inUse, layout) },
        encoding,
      },
    ],
  };
}

/** Right of the point unless it lies too far right, and on the side of the curve where no line runs. */
function besidePoint({ x }: Place, { labelSide }: Layout): ChartSpec {
  const sideways = x > LABEL_TURNS_AT ? { align: 'right', dx: -9 } : { align: 'left', dx: 9 };
  return { ...sideways, dy: labelSide === 'above' ? -10 : 14 };
}
