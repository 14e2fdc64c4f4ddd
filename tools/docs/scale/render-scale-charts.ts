import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import type { ScaleReport } from '../../../bench/scale/scale-report.js';
import type { CurvePoint } from '../../../bench/scale/simulate-curve.js';

const SIZE = { width: 330, height: 230 } as const;
/** On white, so that the charts are readable on dark pages too. */
const LOOK = {
  background: 'white',
  padding: 8,
  config: { font: 'sans-serif', axis: { labelFontSize: 11, titleFontSize: 12 }, view: { stroke: null } },
} as const;
const LATENCY = {
  field: 'ms',
  type: 'quantitative',
  title: 'ms',
  scale: { type: 'log', nice: false },
  axis: { values: [50, 70, 100, 150, 200, 300, 500, 700, 1_000, 1_500, 2_000, 3_000, 5_000] },
} as const;
/** Text at the end of a line instead of a legend. */
const LABEL = { type: 'text', align: 'left', dx: 6, fontSize: 11 } as const;

/** Returns the SVG of the measured and the simulated curve: closed loops on the left, open loops on the right. */
export function renderCurveChart({ curve }: ScaleReport): Promise<string> {
  const near = curve.points.filter(({ pauseMs }) => pauseMs === 0);
  const closed = near.filter(({ callers }) => callers !== undefined);
  const open = near.filter(({ callers }) => callers === undefined);
  return render({
    ...LOOK,
    title: { text: 'Latency: points are measured, lines simulated', anchor: 'middle' },
    hconcat: [
      drawCurve(
        closed.flatMap((point) => valuesOf(point, point.callers ?? 0)),
        { title: 'callers without a pause', scale: { type: 'log', base: 2 } },
      ),
      drawCurve(
        open.flatMap((point) => valuesOf(point, (point.part ?? 0) * 100)),
        { title: 'random arrivals, % of the capacity' },
      ),
    ],
  } as TopLevelSpec);
}

/** Returns the SVG of the simulated latency over load, for one worker and for several. */
export function renderLoadChart({ loads }: ScaleReport): Promise<string> {
  const values = loads.flatMap(({ workerCores, machines, part, p50, p99 }) => {
    const workers = `${machines} ${machines === 1 ? 'worker' : 'workers'} of ${workerCores} cores`;
    return [
      { workers, x: part * 100, ms: p50, line: `${workers}, p50` },
      { workers, x: part * 100, ms: p99, line: `${workers}, p99` },
    ];
  });
  return render({
    ...LOOK,
    ...SIZE,
    width: 1.5 * SIZE.width,
    title: 'Simulated latency over load',
    encoding: {
      x: { field: 'x', type: 'quantitative', title: 'offered, % of the processor time' },
      y: LATENCY,
      color: { field: 'workers', type: 'nominal', legend: null, sort: null },
    },
    layer: [
      { data: { values }, mark: { type: 'line', point: true }, encoding: { detail: { field: 'line' } } },
      {
        data: { values: lastOf(values, ({ line }) => line) },
        mark: LABEL,
        encoding: { text: { field: 'line' } },
      },
    ],
  } as TopLevelSpec);
}

interface Value {
  readonly x: number;
  readonly ms: number;
  readonly source: 'measured' | 'simulated';
  readonly quantile: 'p50' | 'p95';
}

/** Every measured run is a point, and the simulation a line through the medians of its runs. */
function valuesOf({ runs, simulated }: CurvePoint, x: number): Value[] {
  return (['p50', 'p95'] as const).flatMap((quantile) => [
    ...runs.map(({ latencyMs }) => ({ x, quantile, source: 'measured' as const, ms: latencyMs[quantile] })),
    { x, quantile, source: 'simulated' as const, ms: simulated.latencyMs[quantile] },
  ]);
}

function drawCurve(values: readonly Value[], x: object): object {
  const lines = values.filter(({ source }) => source === 'simulated');
  const points = values.filter(({ source }) => source === 'measured');
  return {
    ...SIZE,
    encoding: {
      x: { field: 'x', type: 'quantitative', ...x },
      y: LATENCY,
      color: { field: 'quantile', type: 'nominal', legend: null },
    },
    layer: [
      { data: { values: lines }, mark: 'line' },
      { data: { values: points }, mark: { type: 'point', filled: true, size: 45 } },
      ...lastOf(lines, ({ quantile }) => quantile).map((value) => ({
        data: { values: [value] },
        // Apart, because the lines can end at the same place.
        mark: { ...LABEL, baseline: value.quantile === 'p95' ? 'bottom' : 'top' },
        encoding: { text: { field: 'quantile' } },
      })),
    ],
  };
}

/** Returns the value with the highest x of each line. */
function lastOf<T extends { readonly x: number }>(values: readonly T[], lineOf: (value: T) => string): T[] {
  const last = new Map<string, T>();
  for (const value of values)
    if (value.x >= (last.get(lineOf(value))?.x ?? 0)) last.set(lineOf(value), value);
  return [...last.values()];
}

async function render(specification: TopLevelSpec): Promise<string> {
  const view = new View(parse(compile(specification).spec), { renderer: 'none' });
  const svg = await view.toSVG();
  view.finalize();
  return `${svg}\n`;
}
