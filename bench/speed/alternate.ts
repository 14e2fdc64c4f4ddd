import { setTimeout as pause } from 'node:timers/promises';
import type { Fleet } from './fleet.js';
import { createGun, type Shot } from './load.js';
import { comparisonBody, type PhotoKind } from './make-photos.js';
import { median } from './statistics.js';

/** A running service that answers `POST /compare-faces`. */
export interface Side {
  readonly name: string;
  readonly origin: string;
  /** CPU time of all its processes so far, s. */
  readonly cpuSeconds: () => number;
  /** Resident memory of all its processes, MB. */
  readonly memoryMb: () => number;
}

/** Medians of one side over its runs. */
export interface SideReport {
  readonly name: string;
  /** Comparisons answered with 200 per second. */
  readonly perSecond: number;
  /** Time of an answer, ms. */
  readonly latencyMs: number;
  /** CPU time per comparison, ms. */
  readonly cpuMs: number;
  readonly memoryMb: number;
  /** Answers that were not 200, over all runs. */
  readonly failures: number;
}

/** Two services under the same load in turn. Ratios are first to second: medians of the ratios of neighbouring runs. */
export interface PairReport {
  readonly kind: PhotoKind;
  readonly inFlight: number;
  readonly runs: number;
  readonly sides: readonly [SideReport, SideReport];
  readonly ratio: { readonly perSecond: number; readonly latency: number; readonly cpu: number };
}

export interface AlternateOptions {
  readonly kind: PhotoKind;
  readonly photoOrigin: string;
  /** Callers in a closed loop. */
  readonly inFlight: number;
  readonly runs: number;
  /** Counted seconds of each run, at least; a slow service gets the time for one answer to each caller. */
  readonly seconds: number;
  /** Fields added to each request, such as `evidence`. */
  readonly fields?: Readonly<Record<string, unknown>> | undefined;
}

const WARM_UP_SECONDS = 2;

type Run = Omit<SideReport, 'name'>;

/** Puts the same load on two services in turn: what else happens on the machine then affects both alike. */
export async function alternate(
  [first, second]: readonly [Side, Side],
  options: AlternateOptions,
): Promise<PairReport> {
  const runs: (readonly [Run, Run])[] = [];
  for (let run = 0; run < options.runs; run += 1) {
    // The order changes, so that neither always finds the machine as the other has left it.
    const [one, other] = run % 2 === 0 ? [first, second] : [second, first];
    const [left, right] = [await measure(one, options), await measure(other, options)];
    runs.push(run % 2 === 0 ? [left, right] : [right, left]);
  }
  const ratioOf = (figure: (run: Run) => number): number =>
    median(runs.map(([left, right]) => figure(left) / figure(right)));
  return {
    kind: options.kind,
    inFlight: options.inFlight,
    runs: options.runs,
    sides: [
      summarise(
        first.name,
        runs.map(([left]) => left),
      ),
      summarise(
        second.name,
        runs.map(([, right]) => right),
      ),
    ],
    ratio: {
      perSecond: ratioOf(({ perSecond }) => perSecond),
      latency: ratioOf(({ latencyMs }) => latencyMs),
      cpu: ratioOf(({ cpuMs }) => cpuMs),
    },
  };
}

/** Returns a fleet as one side. */
export function sideOf(name: string, fleet: Fleet): Side {
  return {
    name,
    origin: fleet.origin,
    cpuSeconds: () => {
      const { api, redis, worker, vision } = fleet.cpuSeconds();
      return api + redis + worker + vision;
    },
    memoryMb: () => {
      const { api, redis, worker, vision } = fleet.memoryMb();
      return [api, redis, worker, vision].flat().reduce((sum, { now }) => sum + now, 0);
    },
  };
}

async function measure(side: Side, options: AlternateOptions): Promise<Run> {
  const { kind, photoOrigin, inFlight, seconds, fields = {} } = options;
  const body = (index: number): string =>
    JSON.stringify({ ...(JSON.parse(comparisonBody(kind, photoOrigin, index)) as object), ...fields });
  const gun = createGun({ origin: side.origin, body });
  try {
    const all: Shot[] = [];
    let isFiring = true;
    const keepFiring = async (): Promise<void> => {
      while (isFiring) all.push(await gun.fire(all.length, performance.now()));
    };
    const firing = Promise.all(Array.from({ length: inFlight }, keepFiring));
    await pause(WARM_UP_SECONDS * 1_000);
    const before = { at: performance.now(), cpu: side.cpuSeconds() };
    const sinceThen = (): Shot[] => all.filter(({ endedAt }) => endedAt >= before.at);
    do await pause(seconds * 1_000);
    while (sinceThen().length < inFlight);
    const after = { at: performance.now(), cpu: side.cpuSeconds() };
    const [shots, memoryMb] = [sinceThen(), side.memoryMb()];
    isFiring = false;
    await firing;
    const served = shots.filter(({ status }) => status === 200);
    return {
      perSecond: served.length / ((after.at - before.at) / 1_000),
      latencyMs: median(served.map(({ endedAt, intendedAt }: Shot) => endedAt - intendedAt)),
      cpuMs: ((after.cpu - before.cpu) * 1_000) / served.length,
      memoryMb,
      failures: shots.length - served.length,
    };
  } finally {
    await gun.close();
  }
}

function summarise(name: string, runs: readonly Run[]): SideReport {
  return {
    name,
    perSecond: median(runs.map(({ perSecond }) => perSecond)),
    latencyMs: median(runs.map(({ latencyMs }) => latencyMs)),
    cpuMs: median(runs.map(({ cpuMs }) => cpuMs)),
    memoryMb: median(runs.map(({ memoryMb }) => memoryMb)),
    failures: runs.reduce((sum, { failures }) => sum + failures, 0),
  };
}
