import { NETWORK_MS, type ScaleReport, type SimulatedFleet } from '../../../bench/scale/scale-report.js';
import type { CurvePoint } from '../../../bench/scale/simulate-curve.js';
import {
  kindCosts,
  MAX_LISTENING,
  MAX_LOAD,
  queueCosts,
  queueLimit,
  routeCosts,
} from '../../../bench/scale/size-fleet.js';

const ROUTE_NAMES = {
  sync: '`POST /compare-faces`',
  job: '`POST /jobs`, not polled',
  webhook: '`POST /jobs` with `callback_url`',
  batch: 'a line of `POST /batches`',
  upload: '`POST /compare-faces`, four files of 85 kB',
  poll: 'one more `GET /jobs/:id`',
  bare: '`POST /compare-faces` at full speed, no photo exists',
} as const;

/** Cores that other programs can use during a measurement without changing its latencies much. */
const CALM_CORES = 0.2;

/** Returns the generated parts of docs/scale.md by name. */
export function renderScaleTables(report: ScaleReport): Readonly<Record<string, string>> {
  return {
    machine: renderMachine(report),
    costs: renderCosts(report),
    photos: renderPhotos(report),
    curve: renderCurve(report),
    fleets: renderFleets(report),
    arithmetic: renderArithmetic(report),
    limits: renderLimits(report),
  };
}

function renderMachine({ machine, startedAt, curve }: ScaleReport): string {
  const runs = curve.points.flatMap((point) => point.runs);
  const others = Math.max(...runs.map(({ othersCores }) => othersCores));
  const warning =
    others > CALM_CORES ? ' The machine was too busy to judge the simulation by: measure again.' : '';
  return (
    `Measured at ${startedAt.slice(0, 16).replace('T', ' ')} UTC: ${machine.cores} cores of a shared ${machine.cpu} server, ` +
    `Node ${machine.node}, load average ${number(machine.loadBefore, 1)} before; other programs used up to ${number(others, 2)} ` +
    `cores meanwhile.${warning}`
  );
}

function renderCosts({ costs }: ScaleReport): string {
  const rows = costs.routes.map((one) => [
    ROUTE_NAMES[one.route],
    `${number(one.redisCommands, 0)} (${number(one.redisScripts, 0)})`,
    number(one.redisCpuMs, 2),
    number(one.redisBytes / 1_000, 1),
    number(one.storedBytes / 1_000, 1),
    number(one.apiCpuMs, 2),
    number(one.listenerCpuMs, 2),
    number(one.callerBytes / 1_000, 1),
  ]);
  const head = [
    'one comparison by',
    'Redis commands (scripts)',
    'Redis CPU, ms',
    'to and from Redis, kB',
    'stored, kB',
    'API CPU, ms',
    'CPU of each other API, ms',
    'caller, kB',
  ];
  const { idle, waitingBytes, memoryMb } = costs;
  return [
    table(head, rows),
    '',
    `An idle service of two APIs and a worker sends ${number(idle.redisCommandsPerSecond, 0)} commands a second. A waiting job takes ` +
      `${number(waitingBytes.url / 1_000, 1)} kB, and one with ${number(waitingBytes.uploadedPhotos / 1_000, 0)} kB of uploaded photos ` +
      `${number(waitingBytes.upload / 1_000, 0)} kB. An API takes ${number(memoryMb.api, 0)} MB, a worker ` +
      `${number(memoryMb.worker, 0)} MB, and each vision process ${number(memoryMb.vision, 0)} MB.`,
  ].join('\n');
}

function renderPhotos({ costs }: ScaleReport): string {
  return table(
    ['photos', 'four photos, MB', 'vision', 'worker', 'all programs'],
    costs.kinds.map(({ kind, cpuMs, photoBytes }) => [
      kind.replace('mp', ' MP'),
      number(photoBytes / 1e6, 2),
      number(cpuMs.vision, 0),
      number(cpuMs.worker, 1),
      number(cpuMs.vision + cpuMs.worker + cpuMs.api + cpuMs.redis, 0),
    ]),
  );
}

function renderCurve({ curve }: ScaleReport): string {
  const rows = curve.points.map((point) => {
    const { measured, simulated, error } = point;
    const pair = (name: 'p50' | 'p95' | 'p99') =>
      `${number(measured.latencyMs[name], 0)}, ${number(simulated.latencyMs[name], 0)}`;
    return [
      loadOf(point),
      `${number(measured.perSecond, 1)}, ${number(simulated.perSecond, 1)}`,
      pair('p50'),
      pair('p95'),
      pair('p99'),
      [error.perSecond, error.p50, error.p95].map(percent).join(', '),
    ];
  });
  const errors = curve.points.flatMap(({ error }) => [error.perSecond, error.p50, error.p95].map(Math.abs));
  const counts = curve.points.map(({ measured }) => measured.latencyMs.count);
  const runs = Math.max(...curve.points.map((point) => point.runs.length));
  const repeated = curve.points.find((point) => point.runs.length === runs);
  const within = errors.filter((error) => error <= 0.2).length;
  return [
    table(['load', 'answers/s', 'p50, ms', 'p95, ms', 'p99, ms', 'error: answers/s, p50, p95'], rows),
    '',
    `Each cell: measured, simulated. ${within} of ${errors.length} errors are at most 20 %; the largest is ` +
      `${number(Math.max(...errors) * 100, 0)} %. From ${number((repeated?.part ?? 0) * 100, 0)} % on, a row shows medians of ${runs} runs ` +
      `with different arrivals. A run has ${Math.min(...counts)} to ${Math.max(...counts)} answers: its p95 rests on the few slowest, and its ` +
      `p99 on one or two, so the p99 has no error here. The simulated capacity differs from the measured one by ${percent(1 / curve.capacityRatio - 1)}.`,
  ].join('\n');
}

function loadOf({ callers, part, pauseMs, runs }: CurvePoint): string {
  if (callers === undefined)
    return `${number((part ?? 0) * 100, 0)} %: ${number(runs[0]?.offeredPerSecond ?? 0, 1)}/s, random`;
  const host = pauseMs > 0 ? `, photo host ${pauseMs} ms away` : '';
  return `${callers} ${callers === 1 ? 'caller' : 'callers'}${host}`;
}

function renderFleets({ fleets }: ScaleReport): string {
  const row = (name: string, value: (fleet: SimulatedFleet) => string) => [name, ...fleets.map(value)];
  const { workerCores, coreHourPrice } = fleets[0]!.input;
  return table(
    ['comparisons a minute', ...fleets.map(({ input }) => input.perMinute.toLocaleString('en'))],
    [
      row('a second', ({ size }) => number(size.perSecond, 2)),
      row('shards: queues with a Redis of their own', ({ size }) => `${size.shards}`),
      row('busy cores: workers, APIs, Redis', ({ size: { busyCores } }) =>
        [busyCores.vision + busyCores.worker, busyCores.api, busyCores.redis]
          .map((cores) => significant(cores))
          .join(', '),
      ),
      row(`workers of ${workerCores} cores`, ({ size }) => `${size.workers}`),
      row('APIs of one core', ({ size }) => `${size.apis}`),
      row('cores to provide, Redis included', ({ size }) => `${size.cores}`),
      row(
        'memory: workers, APIs',
        ({ size: { memoryGb } }) => `${significant(memoryGb.workers)}, ${significant(memoryGb.apis)} GB`,
      ),
      row('Redis commands a second', ({ size }) =>
        Math.round(size.redis.commandsPerSecond).toLocaleString('en'),
      ),
      row('Redis: a minute of waiting jobs', ({ size }) => `${significant(size.redis.waitingGb * 1_000)} MB`),
      row('Redis: results of a day', ({ size }) => `${significant(size.redis.storedGb)} GB`),
      row(
        'network: photos, Redis',
        ({ size }) =>
          `${significant(size.photoMbitPerSecond)}, ${significant(size.redis.mbitPerSecond)} Mbit/s`,
      ),
      row(
        `simulated p50, p95, p99; photo hosts ${NETWORK_MS} ms away`,
        ({ latencyMs }) =>
          `${[latencyMs.p50, latencyMs.p95, latencyMs.p99].map((ms) => number(ms, 0)).join(', ')} ms`,
      ),
      row('core-hours for a million', ({ size }) => number(size.coreHoursPerMillion, 1)),
      row(`a million at ${coreHourPrice} per core-hour`, ({ size }) => number(size.pricePerMillion, 2)),
    ],
  );
}

/** Shows the calculation of the second fleet. */
function renderArithmetic({ costs, fleets }: ScaleReport): string {
  const fleet = fleets[1];
  if (!fleet) throw new Error('the saved report has no second fleet');
  const { input, size } = fleet;
  const { cpuMs, photoBytes } = kindCosts(costs, input.kind);
  const route = routeCosts(costs, input.route);
  const queue = queueCosts(costs, input.route);
  const perSecond = number(size.perSecond, 2);
  const all = cpuMs.vision + cpuMs.worker + queue.apiMs + queue.redisMs;
  return [
    `For ${input.perMinute.toLocaleString('en')} a minute, photos of ${input.kind.replace('mp', ' MP')}, ${ROUTE_NAMES[input.route]}:`,
    '',
    `- comparisons a second: ${input.perMinute.toLocaleString('en')} / 60 = ${perSecond}`,
    `- busy cores of workers: ${perSecond} × (${number(cpuMs.vision, 1)} + ${number(cpuMs.worker, 1)}) ms / 1,000 = ` +
      `${significant(size.busyCores.vision + size.busyCores.worker)}; / ${MAX_LOAD} / ${input.workerCores}, rounded up for each shard = ${size.workers} ${size.workers === 1 ? 'worker' : 'workers'}`,
    `- an API: ${perSecond} / ${size.apis} × ${number(queue.apiMs, 2)} ms for its own callers + ${perSecond} × ${number(queue.listenMs, 2)} ms for events = ` +
      `${number((size.perSecond / size.apis) * queue.apiMs + size.perSecond * queue.listenMs, 0)} of ${MAX_LOAD * 1_000} ms a second; at least two`,
    `- Redis: ${perSecond} × ${number(queue.redisMs, 2)} ms = ${number(size.perSecond * queue.redisMs, 0)} of ${MAX_LOAD * 1_000} ms a second; ` +
      `${perSecond} × ${number(route.redisCommands, 0)} commands`,
    `- stored results: ${perSecond} × ${input.retentionSeconds.toLocaleString('en')} s × ${number(route.storedBytes / 1_000, 1)} kB = ${significant(size.redis.storedGb)} GB`,
    `- photos: ${perSecond} × ${number((photoBytes * 8) / 1e6, 1)} Mbit = ${significant(size.photoMbitPerSecond)} Mbit/s`,
    `- a million: ${number(all, 1)} ms / ${MAX_LOAD} × 1,000,000 / 3,600,000 = ${number(size.coreHoursPerMillion, 1)} core-hours`,
  ].join('\n');
}

function renderLimits({ costs }: ScaleReport): string {
  const queue = queueCosts(costs, 'sync');
  const { redis, listening } = queueLimit(queue);
  const bare = routeCosts(costs, 'bare');
  const rows = [
    [
      'Redis, one thread',
      `${number(queue.redisMs, 2)} ms a comparison`,
      `${MAX_LOAD * 100} % of a core`,
      number(redis, 0),
    ],
    [
      'events: every API reads those of all',
      `${number(queue.listenMs, 2)} ms a comparison in each API`,
      `${MAX_LISTENING * 100} % of a core`,
      number(listening, 0),
    ],
    [
      'one API, event loop',
      `${number(queue.apiMs, 2)} ms a comparison`,
      `${MAX_LOAD * 100} % of a core`,
      number((MAX_LOAD * 1_000) / queue.apiMs, 0),
    ],
  ];
  return [
    table(['what', 'cost', 'planned load', 'comparisons a second, at most'], rows),
    '',
    `The costs are those of the row "at full speed" above, at ${number(bare.perSecond, 0)} comparisons a second.`,
  ].join('\n');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}

const number = (value: number, digits: number): string =>
  Number(value.toFixed(digits)).toLocaleString('en', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
const significant = (value: number): string =>
  Number(value.toPrecision(2)).toLocaleString('en', { maximumFractionDigits: 6 });
const percent = (value: number): string => `${value < 0 ? '-' : '+'}${number(Math.abs(value) * 100, 0)} %`;
