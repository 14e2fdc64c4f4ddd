// Sizes a fleet: npm run -s size -- --per-minute 5000 [--price 0.05] [--kind 2mp] [--route sync] [--worker-cores 4]
//   [--retention-seconds 86400]
// Calculates from the costs in bench/results/scale.json and simulates the latency. docs/scale.md explains the figures.
import { parseArgs } from 'node:util';
import { ROUTES } from './measure-routes.js';
import { readScale } from './save-scale.js';
import { ASSUMED, NETWORK_MS, simulateFleet } from './scale-report.js';
import type { SizingInput } from './size-fleet.js';

function main(): void {
  const { costs, curve, startedAt } = readScale();
  const input = readInput(costs.kinds.map(({ kind }) => kind));
  const { size, latencyMs, visionUtilisation } = simulateFleet(costs, curve, input);
  const { p50, p95, p99 } = latencyMs;
  print(`${input.perMinute} comparisons a minute, from the costs measured at ${startedAt}`);
  print(
    JSON.stringify(
      size,
      (_key, value) => (typeof value === 'number' ? Number(value.toPrecision(3)) : value),
      1,
    ),
  );
  print(
    `Simulated with photo hosts ${NETWORK_MS} ms away: p50 ${p50.toFixed(0)}, p95 ${p95.toFixed(0)}, p99 ${p99.toFixed(0)} ms;`,
  );
  print(
    `vision processes busy for ${(visionUtilisation * 100).toFixed(0)} % of the time, spare photos included.`,
  );
}

function readInput(kinds: readonly SizingInput['kind'][]): SizingInput {
  const { values } = parseArgs({
    options: {
      'per-minute': { type: 'string' },
      price: { type: 'string', default: String(ASSUMED.coreHourPrice) },
      kind: { type: 'string', default: ASSUMED.kind },
      route: { type: 'string', default: ASSUMED.route },
      'worker-cores': { type: 'string', default: String(ASSUMED.workerCores) },
      'retention-seconds': { type: 'string', default: String(ASSUMED.retentionSeconds) },
    },
  });
  return {
    perMinute: readNumber('per-minute', values['per-minute']),
    coreHourPrice: readNumber('price', values.price),
    kind: choose('kind', values.kind, kinds),
    route: choose('route', values.route, ROUTES),
    workerCores: readNumber('worker-cores', values['worker-cores']),
    retentionSeconds: readNumber('retention-seconds', values['retention-seconds']),
  };
}

function readNumber(name: string, text: string | undefined): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${name} must be a number above 0`);
  return value;
}

function choose<T extends string>(name: string, text: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === text);
  if (found === undefined) throw new Error(`--${name} must be one of ${choices.join(', ')}`);
  return found;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

try {
  main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
