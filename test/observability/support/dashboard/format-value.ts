import type { Unit } from './dashboard-schema.js';

/** Steps of a unit: the largest one that fits is shown. */
const STEPS: Readonly<Record<Unit, readonly (readonly [size: number, suffix: string])[]>> = {
  short: [
    [1e6, ' Mil'],
    [1e3, ' K'],
    [0, ''],
  ],
  reqps: [[0, ' req/s']],
  percentunit: [[0, '%']],
  bytes: [
    [2 ** 30, ' GiB'],
    [2 ** 20, ' MiB'],
    [2 ** 10, ' KiB'],
    [0, ' B'],
  ],
  s: [
    [3_600, ' hours'],
    [60, ' mins'],
    [1, ' s'],
    [1e-3, ' ms'],
    [1e-9, ' µs'],
    [0, ' s'],
  ],
};

/** Returns a value as Grafana writes it: three digits, with a prefix of its unit. */
export function formatValue(value: number, unit: Unit): string {
  const shown = unit === 'percentunit' ? value * 100 : value;
  const [size, suffix] = STEPS[unit].find(([least]) => Math.abs(shown) >= least) ?? [0, ''];
  const divisor = { 0: 1, 1e-9: 1e-6 }[size] ?? size;
  return `${Number((shown / divisor).toPrecision(3))}${suffix}`;
}
