import { availableParallelism } from 'node:os';
import type { ComparisonCosts } from '../simulation/service-model.js';
import { type SimulationReport, simulateService } from '../simulation/simulate-service.js';
import { type Fleet, startFleet } from '../speed/fleet.js';
import type { PhotoKind } from '../speed/make-photos.js';
import { type LoadReport, measureLoad } from '../speed/measure-load.js';
import { median, type Summary } from '../speed/statistics.js';
import { type ServiceTimer, type ServiceTimes, startServiceTimer } from './measure-service-times.js';

/** Latency and throughput over load, measured and simulated. */
export interface CurveReport {
  readonly kind: PhotoKind;
  readonly cores: number;
  /** Highest throughput of the closed loops, comparisons per second. */
  readonly capacity: number;
  /** Processor time of a photo with one busy process to that with all busy, medians. */
  readonly aloneRatio: number;
  /** Measured processor times of each photo with all processes busy, ms: the reference, then three fronts. */
  readonly visionMs: ComparisonCosts['visionMs'];
  /** Processor time for a comparison, ms: medians over the closed loops. */
  readonly cpuMs: Readonly<Record<CountedRole, number>>;
  readonly points: readonly CurvePoint[];
}

export interface CurvePoint {
  /** Callers of a closed loop. */
  readonly callers?: number;
  /** Arrivals of an open loop per second, and as a share of the capacity. */
  readonly offeredPerSecond?: number;
  readonly part?: number;
  /** Pause of the photo host before each answer, ms. */
  readonly pauseMs: number;
  readonly measured: Outcome;
  readonly simulated: Outcome & Pick<SimulationReport, 'utilisation'>;
  /** Cores that other programs used during the measurement. */
  readonly othersCores: number;
  /** Median processor time of a photo right before and after, all processes busy, ms. */
  readonly photoMs: number;
  /** Simulated to measured, minus 1. */
  readonly error: { readonly perSecond: number; readonly p50: number; readonly p95: number };
}

interface Outcome {
  readonly perSecond: number;
  readonly latencyMs: Summary;
}

const COUNTED_ROLES = ['api', 'redis', 'worker', 'vision', 'images', 'load'] as const;
type CountedRole = (typeof COUNTED_ROLES)[number];

export interface CurveOptions {
  readonly photos: string;
  readonly kind: PhotoKind;
  /** Counted seconds of each closed loop; an open loop takes twice as long. */
  readonly seconds: number;
  readonly print: (line: string) => void;
}

const CALLERS = [1, 2, 4, 8, 16, 32] as const;
/** From so many callers on, no process is idle. */
const FULL_FROM = 8;
const PARTS = [0.2, 0.5, 0.7, 0.8, 0.9] as const;
/** Pause of a distant photo host, ms: long enough that the worker takes more jobs meanwhile. */
const DISTANT_MS = 200;
const CORES = availableParallelism();
/** Seconds of each measurement of service times, one before and one after every load. */
const TIMING_SECONDS = 2.5;
const SIMULATED = { closed: { seconds: 60, runs: 1 }, open: { runs: 9 } } as const;
/** Share of the worker's processor time that its photos take. The rest is for taking and ending the job. */
const WORKER_PHOTO_SHARE = 0.5;
const PHOTOS_PER_COMPARISON = 4;
/** Most recorded samples of one photo. */
const MAX_SAMPLES = 100;

type Measured = Omit<CurvePoint, 'simulated' | 'error'> & {
  readonly cpuMs: LoadReport['cpuMsByRole'];
  readonly seconds: number;
  readonly visionMs: readonly (readonly number[])[];
};

/** Measures the curve on one worker with a process for each core, and simulates every point of it. */
export async function measureCurve(options: CurveOptions): Promise<CurveReport> {
  const { photos, kind } = options;
  const fleet = await startFleet({
    photos,
    workers: [undefined],
    redisOptions: ['--appendfsync', 'everysec'],
  });
  const timer = await startServiceTimer({ photos, kind, processes: CORES });
  try {
    await measureLoad(fleet, { kind, load: { inFlight: FULL_FROM, seconds: 3 } });
    const { points, timings } = await measurePoints({ fleet, timer, options });
    return simulatePoints(kind, points, timings);
  } finally {
    await timer.stop();
    await fleet.stop();
  }
}

interface Bench {
  readonly fleet: Fleet;
  readonly timer: ServiceTimer;
  readonly options: CurveOptions;
}

interface Timing {
  readonly alone: ServiceTimes;
  readonly all: ServiceTimes;
}

async function measureTiming({ timer }: Bench): Promise<Timing> {
  return {
    all: await timer.measure(CORES, TIMING_SECONDS),
    alone: await timer.measure(1, TIMING_SECONDS / 2),
  };
}

/** Alternates between the service and its vision processes alone: what slows the machine slows both. */
async function measurePoints(bench: Bench): Promise<{ points: Measured[]; timings: Timing[] }> {
  const { fleet, options } = bench;
  const { kind, seconds, print } = options;
  const points: Measured[] = [];
  const timings = [await measureTiming(bench)];
  const measure = async (
    name: Pick<CurvePoint, 'callers' | 'offeredPerSecond' | 'part' | 'pauseMs'>,
    load: Parameters<typeof measureLoad>[1]['load'],
  ): Promise<LoadReport> => {
    const report = await measureLoad(fleet, { kind, load, hostPauseMs: name.pauseMs });
    const [before, after] = [timings.at(-1)!, await measureTiming(bench)];
    timings.push(after);
    const visionMs = before.all.cpuMs.map((samples, photo) => [...samples, ...after.all.cpuMs[photo]!]);
    points.push({
      ...name,
      measured: { perSecond: report.perSecond, latencyMs: report.latencyMs },
      othersCores: report.othersCores,
      photoMs: median(visionMs.flat()),
      cpuMs: report.cpuMsByRole,
      seconds: load.seconds,
      visionMs,
    });
    print(`  measured ${describeLoad(name)} …`);
    return report;
  };
  const closed: LoadReport[] = [];
  for (const callers of CALLERS)
    closed.push(await measure({ callers, pauseMs: 0 }, { inFlight: callers, seconds }));
  await measure({ callers: FULL_FROM, pauseMs: DISTANT_MS }, { inFlight: FULL_FROM, seconds });
  const capacity = Math.max(...closed.map(({ perSecond }) => perSecond));
  for (const part of PARTS) {
    const offeredPerSecond = part * capacity;
    await measure(
      { offeredPerSecond, part, pauseMs: 0 },
      { perSecond: offeredPerSecond, seconds: seconds * 2, arrivals: 'random' },
    );
  }
  return { points, timings };
}

/** Returns a point's load as text. */
export function describeLoad({
  callers,
  part,
  pauseMs,
}: Pick<CurvePoint, 'callers' | 'part' | 'pauseMs'>): string {
  const load =
    callers === undefined ? `${((part ?? 0) * 100).toFixed(0)} % of the capacity` : `${callers} caller(s)`;
  return pauseMs > 0 ? `${load}, photo host ${pauseMs} ms away` : load;
}

function simulatePoints(
  kind: PhotoKind,
  measured: readonly Measured[],
  timings: readonly Timing[],
): CurveReport {
  const aloneRatio = median(
    timings.map(({ alone, all }) => median(alone.cpuMs.flat()) / median(all.cpuMs.flat())),
  );
  const closed = measured.filter(({ callers, pauseMs }) => callers !== undefined && pauseMs === 0);
  const cpuMs = Object.fromEntries(
    COUNTED_ROLES.map((role) => [role, median(closed.map((point) => point.cpuMs[role]))]),
  ) as Record<CountedRole, number>;
  return {
    kind,
    cores: CORES,
    capacity: Math.max(...closed.map(({ measured: { perSecond } }) => perSecond)),
    aloneRatio,
    visionMs: asPhotos(
      [0, 1, 2, 3].map((photo) => thinOut(timings.flatMap(({ all }) => all.cpuMs[photo] ?? []))),
    ),
    cpuMs,
    points: measured.map((point) => simulatePoint(point, { cpuMs, aloneRatio })),
  };
}

function simulatePoint(
  { cpuMs: _cpu, seconds, visionMs, ...point }: Measured,
  { cpuMs, aloneRatio }: Pick<CurveReport, 'cpuMs' | 'aloneRatio'>,
): CurvePoint {
  const { callers, offeredPerSecond = 0, pauseMs, measured } = point;
  const costs = { ...costsOf({ cpuMs, visionMs: asPhotos(visionMs) }), networkMs: pauseMs };
  const cores = {
    count: Math.max(0.1, CORES - Math.max(0, point.othersCores)),
    speedWith: (active: number) => (active === 1 ? 1 / aloneRatio : 1),
  };
  const machines = { cores, processes: CORES, senderMs: cpuMs.load };
  const { perSecond, latencyMs, utilisation } =
    callers === undefined
      ? simulateService({
          costs,
          machines,
          load: { perSecond: offeredPerSecond },
          period: { warmUpSeconds: 0, seconds },
          runs: SIMULATED.open.runs,
        })
      : simulateService({
          costs,
          machines,
          load: { callers },
          period: { warmUpSeconds: 5, seconds: SIMULATED.closed.seconds },
          runs: SIMULATED.closed.runs,
        });
  const error = (simulated: number, real: number): number => simulated / real - 1;
  return {
    ...point,
    simulated: { perSecond, latencyMs, utilisation },
    error: {
      perSecond: error(perSecond, measured.perSecond),
      p50: error(latencyMs.p50, measured.latencyMs.p50),
      p95: error(latencyMs.p95, measured.latencyMs.p95),
    },
  };
}

/** Returns the costs of the steps of a comparison from those of its programs. */
export function costsOf({ cpuMs, visionMs }: Pick<CurveReport, 'cpuMs' | 'visionMs'>): ComparisonCosts {
  return {
    visionMs,
    apiMs: cpuMs.api,
    listenMs: 0,
    redisMs: cpuMs.redis,
    workerMs: cpuMs.worker * (1 - WORKER_PHOTO_SHARE),
    fetchMs: (cpuMs.worker * WORKER_PHOTO_SHARE) / PHOTOS_PER_COMPARISON,
    hostMs: cpuMs.images / PHOTOS_PER_COMPARISON,
    networkMs: 0,
    disagreeing: 0,
  };
}

function asPhotos(samples: readonly (readonly number[])[]): ComparisonCosts['visionMs'] {
  const [reference = [], first = [], second = [], third = []] = samples;
  return [reference, first, second, third];
}

/** Returns at most MAX_SAMPLES samples, evenly from the whole measurement. */
function thinOut(samples: readonly number[]): readonly number[] {
  const step = Math.ceil(samples.length / MAX_SAMPLES);
  return samples.filter((_, index) => index % step === 0);
}
