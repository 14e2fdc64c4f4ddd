import type { Config } from 'vega-lite';

/** A vega-lite specification as plain data. Its own types cannot express optional parts. */
export type ChartSpec = Readonly<Record<string, unknown>>;

/** Blue and vermilion from a palette for colour-blind readers. @see Okabe and Ito, Color Universal Design, 2008 */
export const MATED_COLOUR = '#0072b2';
export const NON_MATED_COLOUR = '#d55e00';
const TEXT_COLOUR = '#222';
const QUIET_COLOUR = '#555';
const GRID_COLOUR = '#ddd';

/** Style of a drawn chart that swaps its colours where the reader prefers a dark screen; the sky blue is of the same palette. */
export const DARK_STYLE = `<style>@media (prefers-color-scheme: dark) {
[fill="white"] { fill: #14181f } [fill="${TEXT_COLOUR}"] { fill: #e6e9ef } [fill="${QUIET_COLOUR}"] { fill: #a8b0bf }
[stroke="${TEXT_COLOUR}"] { stroke: #e6e9ef } [stroke="${GRID_COLOUR}"] { stroke: #3a4250 }
[fill="${MATED_COLOUR}"] { fill: #56b4e9 } [stroke="${MATED_COLOUR}"] { stroke: #56b4e9 }
}</style>`;

/** Size of the plotting area, px. */
export const CHART_SIZE = { width: 640, height: 360 } as const;

/** Common settings of all charts. */
export const CHART_CONFIG: Config = {
  background: 'white',
  font: 'system-ui, "Segoe UI", "DejaVu Sans", Arial, sans-serif',
  view: { stroke: GRID_COLOUR },
  title: {
    anchor: 'start',
    frame: 'group',
    fontSize: 15,
    color: TEXT_COLOUR,
    offset: 12,
    subtitleFontSize: 11.5,
    subtitleColor: QUIET_COLOUR,
    subtitlePadding: 4,
    subtitleLineHeight: 15,
  },
  axis: {
    labelFontSize: 11.5,
    titleFontSize: 12.5,
    titleFontWeight: 'normal',
    titlePadding: 8,
    labelColor: TEXT_COLOUR,
    titleColor: TEXT_COLOUR,
    gridColor: GRID_COLOUR,
    tickColor: '#888',
    labelFlush: false,
  },
  legend: { labelFontSize: 12, titleFontSize: 12, labelColor: TEXT_COLOUR, symbolSize: 140, orient: 'top' },
};

/** Returns the texts above a chart. `caption`: the basis of the figures. */
export function chartTitle(text: string, ...caption: readonly string[]): ChartSpec {
  return { text, subtitle: caption };
}

/** Returns the lowest decade to show for this number of pairs: that of a single error, at most 1 %. */
export function rateFloor(pairs: number): number {
  return Math.min(0.01, 10 ** -Math.ceil(Math.log10(pairs) - 1e-9));
}

/** Label of a share: `12.5 %`. */
export const PERCENT_LABEL = "format(datum.value * 100, '~g') + ' %'";

/** Returns where to draw a rate of zero, which a logarithmic axis cannot show, if the lowest decade is `floor`. */
export function zeroPlace(floor: number): number {
  return floor / 2;
}

/** Returns a logarithmic scale from slightly below zero's position to 1. */
export function rateScale(floor: number): ChartSpec {
  return { type: 'log', domain: [zeroPlace(floor) / 1.25, 1], nice: false };
}

/** Returns an axis for this scale, with labels for zero and each decade from `floor`: 0, 1e-4, 0.1 %, 1 %, 10 %, 100 %. */
export function rateAxis(title: string, floor: number): ChartSpec {
  const decades = Array.from({ length: Math.round(-Math.log10(floor)) + 1 }, (_, index) => 10 ** -index);
  const zero = `datum.value < ${floor * 0.75} ? '0'`;
  const percent = `datum.value > 0.00099 ? ${PERCENT_LABEL}`;
  const power = "'1e' + format(round(log(datum.value) / LN10), 'd')";
  return { title, values: [zeroPlace(floor), ...decades], labelExpr: `${zero} : ${percent} : ${power}` };
}
