import { createRandom, type Random } from '../../tools/evaluate/plan/random.js';
import { arrivalTimes } from '../speed/load.js';
import { mean, median, medianEach } from '../speed/statistics.js';
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
  /** Programs that have nothing to do with the service. */
  readonly others: {
    /** Cores that they use on average. */
    readonly cores: number;
    /** Processor times that one of them takes at a time, ms; one is drawn each time. */
    readonly burstsMs: readonly number[];
  };
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
  /** Random arrivals are those that `fireOpen` makes of the same rate, seconds and seed. */
  readonly load: { readonly callers: number } | { readonly perSecond: number; readonly seed?: number };
  readonly period: LoadPeriod;
  /** Independent runs. An open loop has the same arrivals in each. */
  readonly runs: number;
  readonly maxWaiting?: number;
}

/** Medians over the runs. */
export interface SimulationReport extends SimulatedReport {
  /** Share of the time for which a thread of each kind of program had work, 0..1. */
  readonly utilisation: Readonly<Record<keyof ReturnType<ServiceModel['usage']>, number>>;
}

/** Simulates the service under load. The same options give the same result. */
export function simulateService(options: SimulationOptions): SimulationReport {
  const reports = Array.from({ length: options.runs }, (_, run) => simulateRun(options, run));
  return {
    perSecond: median(reports.map(({ perSecond }) => perSecond)),
    latencyMs: medianEach(reports.map(({ latencyMs }) => latencyMs)),
    refused: median(reports.map(({ refused }) => refused)),
    utilisation: medianEach(reports.map(({ utilisation }) => utilisation)),
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
          station: createStation(() => clock.now, { threads: 1, run: layout.redis.run }),
        }
      : undefined;
  if ('others' in machines) interrupt({ clock, random, layout }, machines.others, period);
  const viaSender = (next: () => void): void => {
    if (sender) sender.station.visit(sender.work, next);
    else next();
  };
  const report = simulateLoad(
    clock,
    (onAnswer) => viaSender(() => service.submit('one', (isRefused) => viaSender(() => onAnswer(isRefused)))),
    { load: 'callers' in load ? load : { arrivals: arrivalsOf(load, period) }, period },
  );
  const share = ({ busyMs, threads }: { busyMs: number; threads: number }): number =>
    busyMs / threads / clock.now;
  const { api, redis, worker, vision } = service.usage();
  return {
    ...report,
    utilisation: { api: share(api), redis: share(redis), worker: share(worker), vision: share(vision) },
  };
}

/** Lets other programs work from time to time on the cores of the service. */
function interrupt(
  { clock, random, layout }: { readonly clock: Clock; readonly random: Random; readonly layout: Layout },
  { cores, burstsMs }: BenchMachine['others'],
  { warmUpSeconds, seconds }: LoadPeriod,
): void {
  const perSecond = (cores * 1_000) / mean(burstsMs);
  if (!(perSecond > 0)) return;
  const load = {
    perSecond,
    seconds: warmUpSeconds + seconds,
    arrivals: 'random',
    seed: random() * 2 ** 32,
  } as const;
  for (const due of arrivalTimes(load))
    clock.after(due, () =>
      layout.redis.run(burstsMs[Math.floor(random() * burstsMs.length)]!, () => undefined),
    );
}

function arrivalsOf(
  load: { readonly perSecond: number; readonly seed?: number },
  { warmUpSeconds, seconds }: LoadPeriod,
): readonly number[] {
  return arrivalTimes({ ...load, seconds: warmUpSeconds + seconds, arrivals: 'random' });
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
