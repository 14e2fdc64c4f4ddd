import type { Random } from '../../tools/evaluate/plan/random.js';
import type { Clock } from './clock.js';
import { type PhotoCosts, type SlownessListener, startComparison } from './comparison-model.js';
import type { Cores } from './cores.js';
import { createFairOrder } from './fair-order.js';
import { createGateModel, type GateModel } from './gate-model.js';
import { createStation, type Station } from './station.js';

// API → fair queue in Redis → worker: download lane, gate, vision processes → Redis → API.

/** Processor time of each program for one comparison, ms. */
export interface ComparisonCosts extends PhotoCosts {
  readonly apiMs: number;
  /** Of each API for a comparison of another one: all read the events of the queue. */
  readonly listenMs: number;
  readonly redisMs: number;
  /** Of the worker, besides its four photos. */
  readonly workerMs: number;
}

/** Where the programs run. Programs on the same cores compete for them. */
export interface Layout {
  readonly apis: readonly Cores[];
  readonly redis: Cores;
  readonly workers: readonly { readonly cores: Cores; readonly processes: number }[];
  /** The photo host, if it shares a machine with the service. */
  readonly host?: Cores | undefined;
}

export interface ServiceOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly costs: ComparisonCosts;
  readonly layout: Layout;
  /** Waiting jobs from which new ones are refused. Default: no limit. */
  readonly maxWaiting?: number | undefined;
}

export interface ServiceModel {
  /** Sends a comparison and calls `onAnswer` when its caller has the answer. */
  submit(tenant: string, onAnswer: (isRefused: boolean) => void): void;
  /** Milliseconds for which each kind of program had work so far, and the number of its threads. */
  usage(): Readonly<Record<'api' | 'redis' | 'worker' | 'vision', { busyMs: number; threads: number }>>;
}

interface WorkerModel {
  readonly program: Station;
  readonly vision: Station;
  readonly gate: GateModel;
  /** Jobs at a time, without slow ones. */
  readonly concurrency: number;
  running: number;
  slow: number;
}

/** Jobs per vision process: the default of WORKER_CONCURRENCY. */
const JOBS_PER_PROCESS = 2;
/** The default of WORKER_SLOW_JOBS. */
const MAX_SLOW_JOBS = 64;
/** A job is added to the queue, taken and ended: a third of Redis' time each. The API accepts and answers, a half each. */
const [REDIS_STEP, API_STEP] = [1 / 3, 1 / 2];

/** Returns an idle service. */
export function createServiceModel(options: ServiceOptions): ServiceModel {
  const { clock, costs, layout, maxWaiting = Number.POSITIVE_INFINITY } = options;
  const oneThread = (cores: Cores): Station => createStation(() => clock.now, { threads: 1, run: cores.run });
  /** A process gets its next photo, and gives its result, when the event loop of the worker has time. */
  const viaProgram = (program: Station, cores: Cores): Cores['run'] => {
    const half = costs.handOverMs / 2;
    return (workMs, done) => program.visit(half, () => cores.run(workMs, () => program.visit(half, done)));
  };
  const apis = layout.apis.map(oneThread);
  const redis = oneThread(layout.redis);
  const host = layout.host && oneThread(layout.host);
  const workers = layout.workers.map(({ cores, processes }): WorkerModel => {
    const program = oneThread(cores);
    return {
      program,
      vision: createStation(() => clock.now, { threads: processes, run: viaProgram(program, cores) }),
      gate: createGateModel(processes),
      concurrency: processes * JOBS_PER_PROCESS,
      running: 0,
      slow: 0,
    };
  });
  const waiting = createFairOrder<() => void>();
  /** Workers with room, in the order in which they asked for a job. */
  const asking = new Set(workers);
  let nextApi = 0;

  const joinIfRoom = (worker: WorkerModel): void => {
    if (worker.running - Math.min(worker.slow, MAX_SLOW_JOBS) < worker.concurrency) asking.add(worker);
  };
  const handOut = (): void => {
    for (const worker of asking) {
      const answer = waiting.take();
      if (!answer) return;
      asking.delete(worker);
      worker.running += 1;
      runJob(worker, answer);
      // At the end of the row: a worker with more room takes a second job after the others have had one.
      joinIfRoom(worker);
    }
  };
  const ask = (worker: WorkerModel): void => {
    joinIfRoom(worker);
    handOut();
  };
  const runJob = (worker: WorkerModel, answer: () => void): void => {
    const { program, vision, gate } = worker;
    const slowness = createSlowness(worker, () => ask(worker));
    const finish = (): void => {
      worker.running -= 1;
      ask(worker);
      answer();
    };
    const onDecided = (): void => {
      slowness.end();
      program.visit(costs.workerMs / 2, () => redis.visit(costs.redisMs * REDIS_STEP, finish));
    };
    redis.visit(costs.redisMs * REDIS_STEP, () =>
      program.visit(costs.workerMs / 2, () =>
        startComparison({ ...options, program, vision, gate, host }, slowness, onDecided),
      ),
    );
  };
  return {
    submit: (tenant, onAnswer) => {
      const own = nextApi++ % apis.length;
      const api = apis[own]!;
      const answer = (): void =>
        apis.forEach((other, index) => {
          if (index === own) other.visit(costs.apiMs * API_STEP, () => onAnswer(false));
          else other.visit(costs.listenMs, () => undefined);
        });
      api.visit(costs.apiMs * API_STEP, () => {
        if (waiting.size >= maxWaiting) onAnswer(true);
        else
          redis.visit(costs.redisMs * REDIS_STEP, () => {
            waiting.enter(tenant, answer);
            handOut();
          });
      });
    },
    usage: () => ({
      api: { busyMs: sumBusy(apis), threads: apis.length },
      redis: { busyMs: redis.busyMs(), threads: 1 },
      worker: { busyMs: sumBusy(workers.map(({ program }) => program)), threads: workers.length },
      vision: {
        busyMs: sumBusy(workers.map(({ vision }) => vision)),
        threads: layout.workers.reduce((sum, { processes }) => sum + processes, 0),
      },
    }),
  };
}

/** Counts a job as slow while at least one of its downloads is. */
function createSlowness(worker: WorkerModel, onRoom: () => void): SlownessListener & { end(): void } {
  let slowDownloads = 0;
  let ended = false;
  return {
    enter: () => {
      if (ended) return;
      slowDownloads += 1;
      if (slowDownloads > 1) return;
      worker.slow += 1;
      onRoom();
    },
    leave: () => {
      if (ended) return;
      slowDownloads -= 1;
      if (slowDownloads === 0) worker.slow -= 1;
    },
    end: () => {
      if (!ended && slowDownloads > 0) worker.slow -= 1;
      ended = true;
    },
  };
}

const sumBusy = (stations: readonly Station[]): number =>
  stations.reduce((sum, station) => sum + station.busyMs(), 0);
