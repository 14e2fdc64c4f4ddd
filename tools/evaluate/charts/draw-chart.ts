import type { TopLevelSpec } from 'vega-lite';
import { UserError } from '../../../src/cli/user-error.js';
import { CHART_CONFIG, type ChartSpec } from './chart-style.js';

/**
 * Returns a chart as an SVG element without scripts, references or fonts of its own.
 * @throws UserError where vega is not installed: it is a development dependency, so that images stay small.
 */
export async function drawChart(spec: ChartSpec): Promise<string> {
  const { vega, vegaLite } = await loadVega();
  // Our specifications are plain data; vega-lite itself refuses a wrong one by throwing.
  const compiled = vegaLite.compile(spec as unknown as TopLevelSpec, { config: CHART_CONFIG });
  const view = new vega.View(vega.parse(compiled.spec), { renderer: 'none' });
  try {
    return await view.toSVG();
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
