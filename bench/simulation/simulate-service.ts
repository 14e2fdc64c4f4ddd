import { createRandom } from '../../tools/evaluate/plan/random.js';
import { median, type Summary } from '../speed/statistics.js';
import { type Clock, createClock } from './clock.js';
import { type Cores, type CoresOptions, createCores } from './cores.js';
import { type ComparisonCosts, createServiceModel, type Layout, type ServiceModel } from './service-model.js';
import { type LoadPeriod, type SimulatedReport, simulateLoad } from './simulate-load.js';
import { createStation } from './station.js';

/** One machine with everything on it, load and photo host included, as in the benchmark. */
export interface BenchMachine {
  readonly cores: CoresOptions;
  readonly processes: number;
  /** Processor time of the sender for each request, ms. */
  readonly senderMs: number;
}

/** Machines for workers only, and enough machines for APIs and Redis. */
export interface WorkerFleet {
  readonly machines: number;
  /** Cores of each machine, and as many vision processes. */
  readonly cores: number;
  readonly apis: number;
}

export interface SimulationOptions {
  readonly costs: ComparisonCosts;
  readonly machines: BenchMachine | WorkerFleet;
  readonly load: { readonly callers: number } | { readonly perSecond: number };
  readonly period: LoadPeriod;
  /** Independent runs. An open loop has the same arrivals in each: those of `fireOpen` with `arrivals: 'random'`. */
  readonly runs: number;
  readonly maxWaiting?: number;
}

/** Medians over the runs. */
export interface SimulationReport extends SimulatedReport {
  /** Share of the time for which a thread of each kind of program had work, 0..1. */
  readonly utilisation: Readonly<Record<keyof ReturnType<ServiceModel['usage']>, number>>;
}

/** The seed of `fireOpen`. */
const ARRIVALS_SEED = 1;

/** Simulates the service under load. The same options give the same result. */
export function simulateService(options: SimulationOptions): SimulationReport {
  const reports = Array.from({ length: options.runs }, (_, run) => simulateRun(options, run));
  const middle = (figure: (report: SimulationReport) => number): number => median(reports.map(figure));
  const latency = (name: keyof Summary): number => middle(({ latencyMs }) => latencyMs[name]);
  const usage = (name: keyof SimulationReport['utilisation']): number =>
    middle(({ utilisation }) => utilisation[name]);
  return {
    perSecond: middle(({ perSecond }) => perSecond),
    latencyMs: {
      count: latency('count'),
      p50: latency('p50'),
      p95: latency('p95'),
      p99: latency('p99'),
      max: latency('max'),
    },
    refused: middle(({ refused }) => refused),
    utilisation: {
      api: usage('api'),
      redis: usage('redis'),
      worker: usage('worker'),
      vision: usage('vision'),
    },
  };
}

function simulateRun(options: SimulationOptions, run: number): SimulationReport {
  const { costs, machines, load, period, maxWaiting } = options;
  const clock = createClock();
  // Different numbers from those of the arrivals.
  const random = createRandom(1_000 + run);
  const layout = layOut(clock, machines);
  const service = createServiceModel({ clock, random, costs, layout, maxWaiting });
  const sender =
    'senderMs' in machines
      ? {
          work: machines.senderMs / 2,
          station: createStation(() => clock.now, { cores: layout.redis, threads: 1 }),
        }
      : undefined;
  const viaSender = (next: () => void): void => {
    if (sender) sender.station.visit(sender.work, next);
    else next();
  };
  const report = simulateLoad(
    clock,
    (onAnswer) => viaSender(() => service.submit('one', (isRefused) => viaSender(() => onAnswer(isRefused)))),
    { load: 'callers' in load ? load : { ...load, random: createRandom(ARRIVALS_SEED) }, period },
  );
  const share = ({ busyMs, threads }: { busyMs: number; threads: number }): number =>
    busyMs / threads / clock.now;
  const { api, redis, worker, vision } = service.usage();
  return {
    ...report,
    utilisation: { api: share(api), redis: share(redis), worker: share(worker), vision: share(vision) },
  };
}

function layOut(clock: Clock, machines: BenchMachine | WorkerFleet): Layout {
  const machine = (options: CoresOptions): Cores => createCores(clock, options);
  if ('senderMs' in machines) {
    const cores = machine(machines.cores);
    return {
      apis: [cores],
      redis: cores,
      host: cores,
      workers: [{ cores, processes: machines.processes }],
    };
  }
  return {
    apis: Array.from({ length: machines.apis }, () => machine({ count: 1 })),
    redis: machine({ count: 1 }),
    workers: Array.from({ length: machines.machines }, () => ({
      cores: machine({ count: machines.cores }),
      processes: machines.cores,
    })),
  };
}
