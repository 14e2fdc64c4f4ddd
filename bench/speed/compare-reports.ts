import type { BenchReport } from './report-types.js';

/** One figure of two reports. */
export interface Ratio {
  readonly figure: string;
  readonly baseline: number;
  readonly now: number;
  readonly ratio: number;
}

/**
 * Returns the figures that two reports have in common, as ratios. Machines differ and this one is shared, so figures in
 * parts of the floor, which was measured in the same minutes, say more than those in seconds.
 */
export function compareReports(baseline: BenchReport, now: BenchReport): Ratio[] {
  const before = figuresOf(baseline);
  return [...figuresOf(now)].flatMap(([figure, value]) => {
    const old = before.get(figure);
    return old === undefined ? [] : [{ figure, baseline: old, now: value, ratio: value / old }];
  });
}

function figuresOf(report: BenchReport): Map<string, number> {
  const figures = new Map<string, number>();
  for (const entry of report.efficiency) {
    const name = `${entry.pack} ${entry.kind} ${entry.processes}×${entry.threads}`;
    figures.set(`${name}: floor ms`, entry.floor.floorMs);
    figures.set(`${name}: pipeline / floor`, entry.floor.pipelineMs / entry.floor.floorMs);
    figures.set(`${name}: comparisons/s`, entry.perSecond);
    figures.set(`${name}: core-efficiency`, entry.coreEfficiency);
    figures.set(`${name}: CPU efficiency`, entry.cpuEfficiency);
  }
  for (const { part, arrivals, load } of report.latency?.steps ?? []) {
    figures.set(`latency at ${part} (${arrivals}): p50 ms`, load.latencyMs.p50);
    figures.set(`latency at ${part} (${arrivals}): p99 / p50`, load.latencyMs.p99 / load.latencyMs.p50);
  }
  if (report.api) {
    figures.set('API: requests/s', report.api.perSecond);
    figures.set('API: CPU ms a request', report.api.apiCpuMs);
  }
  return figures;
}
