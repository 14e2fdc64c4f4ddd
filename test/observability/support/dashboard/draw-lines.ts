import { drawChart } from '../../../../tools/evaluate/charts/draw-chart.js';
import type { Unit } from './dashboard-schema.js';
import type { Line, Shown } from './show-panel.js';

/** In Grafana's order. */
export const LINE_COLOURS = [
  '#73bf69',
  '#f2cc0c',
  '#8ab8ff',
  '#ff780a',
  '#f2495c',
  '#5794f2',
  '#b877d9',
  '#705da0',
];
const AXIS_FORMATS: Readonly<Record<Unit, string>> = {
  short: "format(datum.value, '~s')",
  reqps: "format(datum.value, '~s') + ' req/s'",
  percentunit: "format(datum.value, '~%')",
  bytes: "format(datum.value / 1048576, '~r') + ' MiB'",
  s: "datum.value < 1 ? format(datum.value * 1000, '~r') + ' ms' : format(datum.value, '~r') + ' s'",
};

/** Returns the lines as an SVG element of this size, px; the legend is not part of it. */
export async function drawLines(
  { series, unit, limits, range }: Extract<Shown, { type: 'timeseries' }>,
  { width, height }: { readonly width: number; readonly height: number },
): Promise<string> {
  const limit = limits.map(({ value, colour }) => ({
    data: { values: [{ value }] },
    mark: { type: 'rule', color: colour, strokeDash: [6, 4] },
    encoding: { y: { field: 'value', type: 'quantitative' } },
  }));
  return drawChart({
    width,
    height,
    autosize: { type: 'fit', contains: 'padding' },
    config: {
      background: 'transparent',
      view: { stroke: null },
      axis: { labelColor: '#ccccdc', gridColor: '#2b2d33', tickColor: '#2b2d33', domainColor: '#2b2d33' },
    },
    layer: [
      {
        data: { values: series.flatMap(pointsOf) },
        mark: { type: 'line', strokeWidth: 1.5 },
        encoding: {
          x: {
            field: 'time',
            type: 'temporal',
            scale: { domain: range },
            axis: { title: null, tickCount: 5, format: '%H:%M:%S' },
          },
          y: {
            field: 'value',
            type: 'quantitative',
            scale: { domainMin: 0, nice: true },
            axis: { title: null, tickCount: 4, labelExpr: AXIS_FORMATS[unit] },
          },
          color: { field: 'colour', type: 'nominal', scale: null },
          detail: { field: 'line', type: 'nominal' },
        },
      },
      ...limit,
    ],
  });
}

function pointsOf({ points }: Line, line: number) {
  return points.map(([time, value]) => ({
    time: time * 1_000,
    // A gap, as for Grafana.
    value: Number.isFinite(value) ? value : null,
    line,
    colour: LINE_COLOURS[line % LINE_COLOURS.length],
  }));
}
