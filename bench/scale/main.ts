// Sizes a fleet: npm run -s size -- --per-minute 5000 [--price 0.05] [--kind 2mp] [--route sync] [--worker-cores 4]
//   [--retention-seconds 86400]
// Calculates from the costs in bench/results/scale.json and simulates the latency. docs/scale.md explains the figures.
import { readSizingInput } from './read-sizing-input.js';
import { readScale } from './save-scale.js';
import { NETWORK_MS, type SimulatedFleet, simulateFleet } from './scale-report.js';
import { MAX_LOAD } from './size-fleet.js';

function main(): void {
  const { costs, curve, startedAt } = readScale();
  const kinds = costs.kinds.map(({ kind }) => kind);
  const input = readSizingInput(process.argv.slice(2), kinds);
  const lines = describeFleet(simulateFleet(costs, curve, input));
  print(`From the costs measured at ${startedAt}, photos ${input.kind}, route ${input.route}:`);
  for (const [name, text] of lines) print(`  ${name.padEnd(18)} ${text}`);
  print(
    `Planned for ${MAX_LOAD * 100} % load: add a machine for each that can fail, and size for your busiest hour.`,
  );
}

function describeFleet(fleet: SimulatedFleet): readonly (readonly [name: string, text: string])[] {
  const { input, size, latencyMs, visionUtilisation } = fleet;
  const { busyCores, memoryGb, redis } = size;
  const latencies = [latencyMs.p50, latencyMs.p95, latencyMs.p99].map((ms) => ms.toFixed(0));
  return [
    ['comparisons', `${format(input.perMinute)} a minute, ${format(size.perSecond)} a second`],
    ['shards', `${size.shards}, each with its own queue and Redis`],
    ['workers', `${size.workers} of ${input.workerCores} cores, ${format(memoryGb.workers)} GB in all`],
    ['APIs', `${size.apis} of one core, ${format(memoryGb.apis)} GB in all`],
    ['cores to provide', `${format(size.cores)}, Redis included`],
    [
      'busy cores',
      `workers ${format(busyCores.vision + busyCores.worker)}, APIs ${format(busyCores.api)}, Redis ${format(busyCores.redis)}`,
    ],
    ['Redis', `${format(redis.commandsPerSecond)} commands a second, ${format(redis.mbitPerSecond)} Mbit/s`],
    [
      'Redis memory',
      `${format(redis.storedGb)} GB of results, ${format(redis.waitingGb)} GB of jobs for each minute that they wait`,
    ],
    ['photos', `${format(size.photoMbitPerSecond)} Mbit/s`],
    [
      'a million',
      `${format(size.coreHoursPerMillion)} core-hours, ${format(size.pricePerMillion)} at ${input.coreHourPrice} for each`,
    ],
    [
      'simulated latency',
      `p50, p95, p99 ${latencies.join(', ')} ms with photo hosts ${NETWORK_MS} ms away; vision processes busy ` +
        `${(visionUtilisation * 100).toFixed(0)} % of the time, spare photos included`,
    ],
  ];
}

/** Returns a number with three significant digits. */
function format(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString('en', { maximumFractionDigits: 9 });
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
