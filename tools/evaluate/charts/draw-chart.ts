import type { TopLevelSpec } from 'vega-lite';
import { UserError } from '../../../src/cli/user-error.js';
import { CHART_CONFIG, type ChartSpec, DARK_STYLE } from './chart-style.js';

/**
 * Draws a chart as an SVG element without scripts, references or embedded fonts.
 * @throws UserError if vega is not installed: it is a development dependency, which keeps images small.
 */
export async function drawChart(spec: ChartSpec): Promise<string> {
  const { vega, vegaLite } = await loadVega();
  // The specifications are plain data; vega-lite throws if one is invalid.
  const compiled = vegaLite.compile(spec as unknown as TopLevelSpec, { config: CHART_CONFIG });
  const view = new vega.View(vega.parse(compiled.spec), { renderer: 'none' });
  try {
    const svg = await view.toSVG();
    return svg.replace('>', `>${DARK_STYLE}`);
  } finally {
    view.finalize();
  }
}

async function loadVega() {
  try {
    return { vega: await import('vega'), vegaLite: await import('vega-lite') };
  } catch (cause) {
    throw new UserError('The charts need vega and vega-lite: run npm ci without --omit=dev.', {
      cause,
    });
  }
}
