import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import type { LatencyReport } from './report-types.js';

const WIDTH_PX = 420;
const HEIGHT_PX = 240;
/** An overload would compress everything else against the axis. */
const MAX_PART = 2;

/** Returns an SVG of two charts over the offered load: comparisons served per second, and latency. */
export async function renderLatencyChart({ capacity, steps }: LatencyReport): Promise<string> {
  const even = steps.filter(({ part, arrivals }) => arrivals === 'even' && part <= MAX_PART);
  const offered = { field: 'offered', type: 'quantitative', title: 'offered, comparisons a second' } as const;
  const size = { width: WIDTH_PX, height: HEIGHT_PX };
  const served = even.map(({ load }) => ({ offered: load.offeredPerSecond, served: load.perSecond }));
  const latencies = even.flatMap(({ load }) =>
    (['p50', 'p95', 'p99'] as const).map((name) => ({
      offered: load.offeredPerSecond,
      latency: load.latencyMs[name],
      name,
    })),
  );
  const specification: TopLevelSpec = {
    background: 'white',
    config: { font: 'sans-serif', axis: { labelFontSize: 11, titleFontSize: 12 } },
    hconcat: [
      {
        ...size,
        title: 'Throughput',
        layer: [
          {
            data: { values: served },
            mark: { type: 'line', point: true },
            encoding: {
              x: offered,
              y: { field: 'served', type: 'quantitative', title: 'served, comparisons a second' },
            },
          },
          {
            data: { values: [{ capacity }] },
            mark: { type: 'rule', strokeDash: [4, 4], color: 'grey' },
            encoding: { y: { field: 'capacity', type: 'quantitative' } },
          },
        ],
      },
      {
        ...size,
        title: 'Latency of those served',
        data: { values: latencies },
        mark: { type: 'line', point: true },
        encoding: {
          x: offered,
          y: { field: 'latency', type: 'quantitative', title: 'ms', scale: { type: 'log' } },
          color: { field: 'name', type: 'nominal', title: null },
        },
      },
    ],
  };
  const view = new View(parse(compile(specification).spec), { renderer: 'none' });
  const svg = await view.toSVG();
  view.finalize();
  return `${svg}\n`;
}
