import type { ComparisonCosts } from '../simulation/service-model.js';
import { type SimulationReport, simulateService } from '../simulation/simulate-service.js';
import { mean, median, medianEach, type Summary } from '../speed/statistics.js';
import {
  type CurveLoad,
  type CurveRun,
  FULL_FROM,
  type MeasuredCurve,
  type MeasuredPoint,
  type PhotoSamples,
} from './measure-curve.js';

/** The curve, measured and simulated. */
export interface CurveReport extends MeasuredCurve {
  /** Measured to simulated throughput with all processes busy: median of those closed loops. */
  readonly capacityRatio: number;
  readonly points: readonly CurvePoint[];
}

/** Medians over the runs of a load. */
export interface CurvePoint extends MeasuredPoint {
  readonly measured: Outcome;
  readonly simulated: Outcome & Pick<SimulationReport, 'utilisation'>;
  /** Simulated to measured, minus 1. */
  readonly error: { readonly perSecond: number; readonly p50: number; readonly p95: number };
}

interface Outcome {
  readonly perSecond: number;
  readonly latencyMs: Summary;
}

const CLOSED = { warmUpSeconds: 5, seconds: 60, runs: 1 } as const;
const OPEN_RUNS = 9;
/** Share of the worker's processor time that its photos take. The rest is for taking and ending the job. */
const WORKER_PHOTO_SHARE = 0.5;
const PHOTOS_PER_COMPARISON = 4;
/** Photos that decide a comparison of one person's photos: the reference and two fronts. */
const NEEDED_PHOTOS = 3;

/**
 * Simulates every run of a measured curve from the processor times of that run. Random arrivals are those of the run, at
 * the same share of the capacity: near it, an error of 2 % in the capacity is one of 15 % in the latency. No measured
 * latency goes in.
 */
export function simulateCurve(curve: MeasuredCurve): CurveReport {
  const ratios = curve.points
    .filter(isFull)
    .flatMap((point) =>
      point.runs.map((run) => run.perSecond / simulateRun({ curve, capacityRatio: 1 }, point, run).perSecond),
    );
  const simulation = { curve, capacityRatio: median(ratios) };
  return {
    ...curve,
    capacityRatio: simulation.capacityRatio,
    points: curve.points.map((point) => simulatePoint(simulation, point)),
  };
}

interface Simulation {
  readonly curve: MeasuredCurve;
  readonly capacityRatio: number;
}

const isFull = ({ callers = 0, pauseMs }: CurveLoad): boolean => callers >= FULL_FROM && pauseMs === 0;

function simulatePoint(simulation: Simulation, point: MeasuredPoint): CurvePoint {
  const reports = point.runs.map((run) => simulateRun(simulation, point, run));
  const measured = outcomeOf(point.runs);
  const simulated = {
    ...outcomeOf(reports),
    utilisation: medianEach(reports.map(({ utilisation }) => utilisation)),
  };
  const errorOf = (figure: (outcome: Outcome) => number): number => figure(simulated) / figure(measured) - 1;
  return {
    ...point,
    measured,
    simulated,
    error: {
      perSecond: errorOf(({ perSecond }) => perSecond),
      p50: errorOf(({ latencyMs }) => latencyMs.p50),
      p95: errorOf(({ latencyMs }) => latencyMs.p95),
    },
  };
}

function outcomeOf(runs: readonly Outcome[]): Outcome {
  return {
    perSecond: median(runs.map(({ perSecond }) => perSecond)),
    latencyMs: medianEach(runs.map(({ latencyMs }) => latencyMs)),
  };
}

function simulateRun(
  { curve, capacityRatio }: Simulation,
  { callers, pauseMs }: CurveLoad,
  run: CurveRun,
): SimulationReport {
  const { offeredPerSecond: perSecond = 0, seed = 1, seconds, cpuMs, othersCores } = run;
  const costs = { ...costsOf({ ...curve, cpuMs, visionMs: photosOf(curve, run) }), networkMs: pauseMs };
  const machines = {
    cores: { count: curve.cores, speedWith: (active: number) => (active === 1 ? 1 / curve.aloneRatio : 1) },
    processes: curve.cores,
    senderMs: cpuMs.load,
    others: { cores: othersCores, burstsMs: curve.burstsMs },
  };
  return callers === undefined
    ? simulateService({
        costs,
        machines,
        load: { perSecond: perSecond / capacityRatio, seed },
        period: { warmUpSeconds: 0, seconds: seconds * capacityRatio },
        runs: OPEN_RUNS,
      })
    : simulateService({ costs, machines, load: { callers }, period: CLOSED, runs: CLOSED.runs });
}

/** Returns the times of photos in a run: those of all measurements, as fast as the machine was then. */
function photosOf({ visionMs, points }: MeasuredCurve, { photoMs }: CurveRun): PhotoSamples {
  const factor = (photoMs / median(visionMs.flat())) * besideRatio({ visionMs, points });
  return scalePhotos(visionMs, factor);
}

/** Returns how much more processor time a photo takes beside the other programs of the service than without them. */
function besideRatio({ visionMs, points }: Pick<MeasuredCurve, 'visionMs' | 'points'>): number {
  const [reference, ...fronts] = visionMs;
  const neededMs = mean(reference) + (NEEDED_PHOTOS - 1) * mean(fronts.flat());
  const usual = median(visionMs.flat());
  const full = points.filter(isFull).flatMap(({ runs }) => runs);
  return median(full.map(({ cpuMs, photoMs }) => cpuMs.vision / neededMs / (photoMs / usual)));
}

/** Returns all times multiplied by `factor`. */
export function scalePhotos([reference, first, second, third]: PhotoSamples, factor: number): PhotoSamples {
  const scale = (samples: readonly number[]) => samples.map((ms) => ms * factor);
  return [scale(reference), scale(first), scale(second), scale(third)];
}

/** Returns the costs of the steps of a comparison from those of its programs. */
export function costsOf({
  cpuMs,
  visionMs,
  handOverMs,
}: Pick<MeasuredCurve, 'cpuMs' | 'visionMs' | 'handOverMs'>): ComparisonCosts {
  const photosMs = cpuMs.worker * WORKER_PHOTO_SHARE;
  return {
    visionMs,
    apiMs: cpuMs.api,
    listenMs: 0,
    redisMs: cpuMs.redis,
    workerMs: cpuMs.worker - photosMs,
    fetchMs: Math.max(0, photosMs - NEEDED_PHOTOS * handOverMs) / PHOTOS_PER_COMPARISON,
    handOverMs,
    hostMs: cpuMs.images / PHOTOS_PER_COMPARISON,
    networkMs: 0,
    disagreeing: 0,
  };
}
