import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type ScaleReport, simulateScale } from './scale-report.js';
import { simulateCurve } from './simulate-curve.js';

const FILE = fileURLToPath(new URL('../results/scale.json', import.meta.url));

/** Returns the saved measurement of costs and curve. */
export function readScale(): ScaleReport {
  return JSON.parse(readFileSync(FILE, 'utf8')) as ScaleReport;
}

/** A report of npm run bench. */
type Measurement = Pick<ScaleReport, 'startedAt' | 'machine'> & Partial<Pick<ScaleReport, 'costs' | 'curve'>>;

/** Saves costs and curve of a report with the fleets that follow from them, and returns what to do next. */
export function saveScale({ startedAt, machine, costs, curve }: Measurement): string {
  if (!costs || !curve) throw new Error('this is a bug: costs and curve were not measured');
  return write({ startedAt, machine, costs, curve, ...simulateScale(costs, curve) });
}

/** Simulates the saved measurement again, after a change of the simulation, and returns what to do next. */
export function simulateAgain(): string {
  const saved = readScale();
  const curve = simulateCurve(saved.curve);
  return write({ ...saved, curve, ...simulateScale(saved.costs, curve) });
}

function write(report: ScaleReport): string {
  const round = (_key: string, value: unknown): unknown =>
    typeof value === 'number' ? Number(value.toPrecision(4)) : value;
  writeFileSync(FILE, `${JSON.stringify(report, round, 1)}\n`);
  return '\nsaved as bench/results/scale.json: now run npm run docs';
}
