import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import type { CurvePoint } from '../../../bench/scale/measure-curve.js';
import type { ScaleReport } from '../../../bench/scale/scale-report.js';

const SIZE = { width: 330, height: 230 } as const;
/** On white, so that the charts are readable on dark pages too. */
const LOOK = {
  background: 'white',
  padding: 8,
  config: { font: 'sans-serif', axis: { labelFontSize: 11, titleFontSize: 12 } },
} as const;
const LATENCY = {
  field: 'ms',
  type: 'quantitative',
  title: 'ms',
  scale: { type: 'log', nice: false },
} as const;
/** The legend shows the dashes instead of the points. */
const LINES = { symbolType: 'stroke', symbolSize: 400, symbolStrokeColor: 'black' } as const;

/** Returns the SVG of the measured and the simulated curve: closed loops on the left, open loops on the right. */
export function renderCurveChart({ curve }: ScaleReport): Promise<string> {
  const near = curve.points.filter(({ pauseMs }) => pauseMs === 0);
  const closed = near.filter(({ callers }) => callers !== undefined);
  const open = near.filter(({ callers }) => callers === undefined);
  return render({
    ...LOOK,
    hconcat: [
      chart(
        'Callers without a pause',
        closed.flatMap((point) => valuesOf(point, point.callers ?? 0)),
        {
          field: 'x',
          type: 'quantitative',
          title: 'callers',
          scale: { type: 'log', base: 2 },
        },
      ),
      chart(
        'Random arrivals',
        open.flatMap((point) => valuesOf(point, (point.part ?? 0) * 100)),
        {
          field: 'x',
          type: 'quantitative',
          title: 'offered, % of the capacity',
        },
      ),
    ],
  } as TopLevelSpec);
}

/** Returns the SVG of the simulated latency over load, for one worker and for several. */
export function renderLoadChart({ loads }: ScaleReport): Promise<string> {
  const values = loads.flatMap(({ workerCores, machines, part, p50, p99 }) => {
    const workers = `${machines} × ${workerCores} cores`;
    return [
      { workers, x: part * 100, ms: p50, quantile: 'p50' },
      { workers, x: part * 100, ms: p99, quantile: 'p99' },
    ];
  });
  return render({
    ...LOOK,
    ...SIZE,
    width: 2 * SIZE.width,
    title: 'Simulated latency over load',
    data: { values },
    mark: { type: 'line', point: true },
    encoding: {
      x: { field: 'x', type: 'quantitative', title: 'offered, % of the processor time' },
      y: LATENCY,
      color: { field: 'workers', type: 'nominal', title: 'workers', sort: null },
      strokeDash: { field: 'quantile', type: 'nominal', title: null, legend: LINES },
    },
  } as TopLevelSpec);
}

function valuesOf({ measured, simulated }: CurvePoint, x: number) {
  const rows = (source: 'measured' | 'simulated', { latencyMs }: CurvePoint['measured']) =>
    (['p50', 'p95'] as const).map((quantile) => ({ x, source, quantile, ms: latencyMs[quantile] }));
  return [...rows('measured', measured), ...rows('simulated', simulated)];
}

function chart(title: string, values: readonly object[], x: object): object {
  return {
    ...SIZE,
    title,
    data: { values },
    mark: { type: 'line', point: true },
    encoding: {
      x,
      y: LATENCY,
      color: { field: 'quantile', type: 'nominal', title: null },
      strokeDash: { field: 'source', type: 'nominal', title: null, legend: LINES },
    },
  };
}

async function render(specification: TopLevelSpec): Promise<string> {
  const view = new View(parse(compile(specification).spec), { renderer: 'none' });
  const svg = await view.toSVG();
  view.finalize();
  return `${svg}\n`;
}
