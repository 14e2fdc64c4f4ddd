import { availableParallelism } from 'node:os';
import { type Fleet, startFleet } from '../speed/fleet.js';
import type { PhotoKind } from '../speed/make-photos.js';
import { type LoadReport, measureLoad } from '../speed/measure-load.js';
import { median } from '../speed/statistics.js';
import { type ServiceTimer, type ServiceTimes, startServiceTimer } from './measure-service-times.js';

/** Latency and throughput over load, and all that a simulation of them needs. */
export interface MeasuredCurve {
  readonly kind: PhotoKind;
  readonly cores: number;
  /** Comparisons per second of the service with all processes busy: median of those closed loops. */
  readonly capacity: number;
  /** Processor time of a photo with one busy process to that with all busy, medians. */
  readonly aloneRatio: number;
  /** Processor time of the program that hands photos to the processes, for each photo, median, ms. */
  readonly handOverMs: number;
  /** Processor times that other programs took from the processes at a time, ms. */
  readonly burstsMs: readonly number[];
  /** Processor times of each photo with all processes busy, ms: the reference, then three fronts. */
  readonly visionMs: PhotoSamples;
  /** Processor time for a comparison with all processes busy, ms: medians of those closed loops. */
  readonly cpuMs: Readonly<Record<CountedRole, number>>;
  readonly points: readonly MeasuredPoint[];
}

/** Times of the reference and of each front, ms. */
export type PhotoSamples = readonly [
  readonly number[],
  readonly number[],
  readonly number[],
  readonly number[],
];

/** Kind of load. */
export interface CurveLoad {
  /** Callers of a closed loop. */
  readonly callers?: number;
  /** Random arrivals, as a share of the capacity. */
  readonly part?: number;
  /** Pause of the photo host before each answer, ms. */
  readonly pauseMs: number;
}

export interface MeasuredPoint extends CurveLoad {
  /** Several near the capacity, each with other arrivals: there, little decides much. */
  readonly runs: readonly CurveRun[];
}

export interface CurveRun extends Pick<LoadReport, 'perSecond' | 'latencyMs' | 'othersCores'> {
  readonly seconds: number;
  /** Of random arrivals. */
  readonly offeredPerSecond?: number;
  /** Decides random arrivals. */
  readonly seed?: number;
  /** Processor time for a comparison, ms. */
  readonly cpuMs: Readonly<Record<CountedRole, number>>;
  /** Median processor time of a photo right before and after, all processes busy, ms. */
  readonly photoMs: number;
}

const COUNTED_ROLES = ['api', 'redis', 'worker', 'vision', 'images', 'load'] as const;
type CountedRole = (typeof COUNTED_ROLES)[number];

export interface CurveOptions {
  readonly photos: string;
  readonly kind: PhotoKind;
  /** Counted seconds of a closed loop; the rarer answers of one caller take twice as long, and so do random arrivals. */
  readonly seconds: number;
  readonly print: (line: string) => void;
}

const CALLERS = [1, 2, 4, 8, 16, 32] as const;
/** From so many callers on, no process is idle. */
export const FULL_FROM = 8;
const PARTS = [
  { part: 0.2, runs: 1 },
  { part: 0.5, runs: 1 },
  { part: 0.7, runs: 3 },
  { part: 0.8, runs: 3 },
  { part: 0.9, runs: 3 },
] as const;
/** Pause of a distant photo host, ms: long enough that the worker takes more jobs meanwhile. */
const DISTANT_MS = 200;
const CORES = availableParallelism();
/** Seconds of each measurement of service times, one before and one after every load. */
const TIMING_SECONDS = 2;
/** Most recorded samples of one photo. */
const MAX_SAMPLES = 150;
/** A shorter wait can be one for the program that hands photos over, ms. */
const LEAST_BURST_MS = 2;

interface Bench {
  readonly fleet: Fleet;
  readonly timer: ServiceTimer;
  readonly options: CurveOptions;
  /** One after each load, and one before the first. */
  readonly timings: Timing[];
}

interface Timing {
  readonly alone: ServiceTimes;
  readonly all: ServiceTimes;
}

/** Measures the curve on one worker with a process for each core. */
export async function measureCurve(options: CurveOptions): Promise<MeasuredCurve> {
  const { photos, kind } = options;
  const redisOptions = ['--appendfsync', 'everysec'];
  const fleet = await startFleet({ photos, workers: [undefined], redisOptions });
  const timer = await startServiceTimer({ photos, kind, processes: CORES });
  try {
    await measureLoad(fleet, { kind, load: { inFlight: FULL_FROM, seconds: 3 } });
    const bench = { fleet, timer, options, timings: [await measureTiming(timer)] };
    const closed = await measureClosed(bench);
    const full = closed
      .filter(({ callers = 0, pauseMs }) => callers >= FULL_FROM && pauseMs === 0)
      .flatMap(({ runs }) => runs);
    const capacity = median(full.map(({ perSecond }) => perSecond));
    const open = await measureOpen(bench, capacity);
    return {
      kind,
      cores: CORES,
      capacity,
      ...summariseTimings(bench.timings),
      cpuMs: byRole((role) => median(full.map(({ cpuMs }) => cpuMs[role]))),
      points: [...closed, ...open],
    };
  } finally {
    await timer.stop();
    await fleet.stop();
  }
}

async function measureTiming(timer: ServiceTimer): Promise<Timing> {
  return {
    all: await timer.measure(CORES, TIMING_SECONDS),
    alone: await timer.measure(1, TIMING_SECONDS / 2),
  };
}

function summariseTimings(
  timings: readonly Timing[],
): Pick<MeasuredCurve, 'aloneRatio' | 'handOverMs' | 'burstsMs' | 'visionMs'> {
  const photo = (index: number): readonly number[] =>
    thinOut(timings.flatMap(({ all }) => all.cpuMs[index] ?? []));
  const waitsMs = timings.flatMap(({ all }) =>
    all.clockMs.flatMap((samples, index) => samples.map((ms, at) => ms - all.cpuMs[index]![at]!)),
  );
  // Every photo waits until it is handed over; what some wait longer, they wait for other programs.
  const usualMs = median(waitsMs);
  const burstsMs = waitsMs.map((ms) => ms - usualMs).filter((ms) => ms > LEAST_BURST_MS);
  return {
    aloneRatio: median(
      timings.map(({ alone, all }) => median(alone.cpuMs.flat()) / median(all.cpuMs.flat())),
    ),
    handOverMs: median(timings.map(({ all }) => all.handOverMs)),
    burstsMs: burstsMs.length > 0 ? thinOut(burstsMs) : [LEAST_BURST_MS],
    visionMs: [photo(0), photo(1), photo(2), photo(3)],
  };
}

/** Returns at most MAX_SAMPLES samples, evenly from the whole measurement. */
function thinOut(samples: readonly number[]): readonly number[] {
  const step = Math.ceil(samples.length / MAX_SAMPLES);
  return samples.filter((_, index) => index % step === 0);
}

async function measureClosed(bench: Bench): Promise<MeasuredPoint[]> {
  const { seconds } = bench.options;
  const loads = [
    ...CALLERS.map((callers) => ({ callers, pauseMs: 0 })),
    { callers: FULL_FROM, pauseMs: DISTANT_MS },
  ];
  const points: MeasuredPoint[] = [];
  for (const load of loads)
    points.push({
      ...load,
      runs: [await measureRun(bench, load, { seconds: load.callers === 1 ? seconds * 2 : seconds })],
    });
  return points;
}

/** Repeats the loads in turn, so that a slow minute of the machine does not meet all runs of one load. */
async function measureOpen(bench: Bench, capacity: number): Promise<MeasuredPoint[]> {
  const points = PARTS.map(({ part }) => ({ part, pauseMs: 0, runs: [] as CurveRun[] }));
  const rounds = Math.max(...PARTS.map(({ runs }) => runs));
  for (let round = 0; round < rounds; round++)
    for (const [index, { part, runs }] of PARTS.entries()) {
      const point = points[index]!;
      const offered = {
        seconds: bench.options.seconds * 2,
        offeredPerSecond: part * capacity,
        seed: round + 1,
      };
      if (round < runs) point.runs.push(await measureRun(bench, point, offered));
    }
  return points;
}

/** Alternates between the service and its vision processes alone: what slows the machine slows both. */
async function measureRun(
  { fleet, timer, timings, options: { kind, print } }: Bench,
  load: CurveLoad,
  offered: Pick<CurveRun, 'seconds' | 'offeredPerSecond' | 'seed'>,
): Promise<CurveRun> {
  const { seconds, offeredPerSecond: perSecond = 0, seed = 1 } = offered;
  const {
    perSecond: answered,
    latencyMs,
    othersCores,
    cpuMsByRole,
  } = await measureLoad(fleet, {
    kind,
    load:
      load.callers === undefined
        ? { perSecond, seconds, seed, arrivals: 'random' }
        : { inFlight: load.callers, seconds },
    hostPauseMs: load.pauseMs,
  });
  const [before, after] = [timings.at(-1)!, await measureTiming(timer)];
  timings.push(after);
  print(`  measured ${describeLoad(load)} …`);
  return {
    ...offered,
    perSecond: answered,
    latencyMs,
    othersCores,
    cpuMs: byRole((role) => cpuMsByRole[role]),
    photoMs: median([before, after].flatMap(({ all }) => all.cpuMs.flat())),
  };
}

/** Returns a load as text. */
export function describeLoad({ callers, part = 0, pauseMs }: CurveLoad): string {
  const load =
    callers === undefined ? `${(part * 100).toFixed(0)} % of the capacity` : `${callers} caller(s)`;
  return pauseMs > 0 ? `${load}, photo host ${pauseMs} ms away` : load;
}

function byRole(figure: (role: CountedRole) => number): Readonly<Record<CountedRole, number>> {
  return Object.fromEntries(COUNTED_ROLES.map((role) => [role, figure(role)])) as Record<CountedRole, number>;
}
