import { availableParallelism } from 'node:os';
import { startFleet } from './fleet.js';
import { type FloorReport, measureFloor } from './floor.js';
import type { PhotoKind } from './make-photos.js';
import { type LoadReport, measureLoad } from './measure-load.js';
import type { Pack } from './packs.js';
import { scrape } from './prometheus.js';
import type { CacheReport, EfficiencyReport, LatencyReport, ScalingStep } from './report-types.js';
import { median } from './statistics.js';
import { createWorkerNamespace, type WorkerNamespace } from './worker-namespace.js';

const CORES = availableParallelism();
/** Photos that decide a comparison of one person's photos: the reference and two fronts. */
const NEEDED_PHOTOS = 3;

/** Requests in flight per vision process in a closed loop: more than the workers take, so that none is ever idle. */
const IN_FLIGHT = 8;

export interface Setting {
  readonly photos: string;
  readonly pack: Pack;
  readonly kind: PhotoKind;
  /** Counted seconds of each run. */
  readonly seconds: number;
}

export interface EfficiencySetting extends Setting {
  readonly processes?: number;
  readonly threads?: number;
  /** Number of times floor and throughput are measured, in turn. */
  readonly runs: number;
}

/** Returns the environment that selects a pack. */
export const packEnvironment = ({ modelsDir, model }: Pack) => ({
  MODELS_DIR: modelsDir,
  INSIGHTFACE_MODEL: model,
});

/** Measures floor and throughput in turn, under the same conditions, and returns the medians. */
export async function measureEfficiency(setting: EfficiencySetting): Promise<EfficiencyReport> {
  const { photos, pack, kind, seconds, runs, processes = CORES, threads = 1 } = setting;
  const fleet = await startFleet({
    photos,
    workers: [undefined],
    env: {
      ...packEnvironment(pack),
      VISION_PROCESSES: String(processes),
      VISION_THREADS: String(threads),
    },
  });
  try {
    const measured: (ReturnType<typeof efficiencyOf> & { floor: FloorReport; load: LoadReport })[] = [];
    for (let run = 0; run < runs; run++) {
      const floors = await measureFloor({
        ...pack,
        photos,
        kinds: [kind],
        rounds: 5,
        withPublished: run === 0,
      });
      const floor = floors[kind];
      if (!floor) throw new Error(`this is a bug: no floor for ${kind}`);
      const load = await measureLoad(fleet, { kind, load: { inFlight: IN_FLIGHT * processes, seconds } });
      measured.push({ floor, load, ...efficiencyOf(floor.floorMs, load) });
    }
    const middle = measured.toSorted((one, other) => one.load.perSecond - other.load.perSecond)[
      Math.floor((runs - 1) / 2)
    ];
    const first = measured[0];
    if (!middle || !first) throw new Error('this is a bug: no runs');
    const memory = fleet.memoryMb();
    return {
      pack: pack.name,
      kind,
      processes,
      threads,
      floor: first.floor,
      perSecond: median(measured.map(({ load }) => load.perSecond)),
      coreEfficiency: median(measured.map(({ coreEfficiency }) => coreEfficiency)),
      cpuEfficiency: median(measured.map(({ cpuEfficiency }) => cpuEfficiency)),
      visionMemoryMb: memory.vision.map(({ now }) => now),
      workerMemoryMb: memory.worker[0]?.peak ?? Number.NaN,
      apiMemoryMb: memory.api[0]?.peak ?? Number.NaN,
      load: middle.load,
      runs: measured.map(({ load }) => load.perSecond),
    };
  } finally {
    await fleet.stop();
  }
}

function efficiencyOf(floorMs: number, { perSecond, cpuMsByRole }: LoadReport) {
  const { api, redis, worker, vision } = cpuMsByRole;
  return {
    coreEfficiency: (floorMs * NEEDED_PHOTOS * perSecond) / (1_000 * CORES),
    cpuEfficiency: (floorMs * NEEDED_PHOTOS) / (api + redis + worker + vision),
  };
}

/** Fractions of the capacity at which latency is measured. Above 1 the API must refuse requests. */
const RATES = [
  { part: 0.1, arrivals: 'even' },
  { part: 0.5, arrivals: 'even' },
  { part: 0.8, arrivals: 'even' },
  { part: 0.8, arrivals: 'random' },
  { part: 1.5, arrivals: 'even' },
  { part: 10, arrivals: 'even' },
] as const;

/** Callers' time limit under this load, s. A job can wait in the queue for half of it. */
const SYNC_WAIT_SECONDS = 4;

/** Measures latency at fixed rates, and the throughput under overload. */
export async function measureLatency(setting: Setting): Promise<LatencyReport> {
  const capacity = await measureCapacity(setting);
  const { photos, pack, kind, seconds } = setting;
  const env = { ...packEnvironment(pack), SYNC_WAIT_TIMEOUT: String(SYNC_WAIT_SECONDS) };
  const fleet = await startFleet({ photos, workers: [undefined], env });
  try {
    await measureLoad(fleet, { kind, load: { inFlight: CORES, seconds: 2 } });
    const steps: LatencyReport['steps'][number][] = [];
    for (const { part, arrivals } of RATES) {
      const load = await measureLoad(fleet, {
        kind,
        load: { perSecond: part * capacity, seconds: part < 0.5 ? seconds * 2 : seconds, arrivals },
      });
      steps.push({ part, arrivals, load, overheadP50Ms: load.latencyMs.p50 - load.workerMs.p50 });
    }
    return { capacity, steps };
  } finally {
    await fleet.stop();
  }
}

/** Returns comparisons per second with patient callers, so that none is refused. */
async function measureCapacity({ photos, pack, kind, seconds }: Setting): Promise<number> {
  const fleet = await startFleet({ photos, workers: [undefined], env: packEnvironment(pack) });
  try {
    const load = { inFlight: IN_FLIGHT * CORES, seconds };
    return (await measureLoad(fleet, { kind, load })).perSecond;
  } finally {
    await fleet.stop();
  }
}

/**
 * Measures throughput with 1, 2 and 4 workers of one vision process, each bound to one processor, and with one a
 * processor in a network namespace of their own where this user may make one.
 */
export async function measureScaling(setting: Setting, counts: readonly number[]): Promise<ScalingStep[]> {
  const steps: ScalingStep[] = [];
  for (const workers of counts) steps.push(await measureWorkers(setting, workers));
  const namespace = createWorkerNamespace();
  if (!namespace) return steps;
  try {
    return [...steps, await measureWorkers(setting, CORES, namespace)];
  } finally {
    namespace.remove();
  }
}

async function measureWorkers(
  { photos, pack, kind, seconds }: Setting,
  workers: number,
  namespace?: WorkerNamespace,
): Promise<ScalingStep> {
  const cpus = Array.from({ length: workers }, (_, index) => String(index % CORES));
  const env = { ...packEnvironment(pack), VISION_PROCESSES: '1' };
  const fleet = await startFleet({ photos, workers: cpus, env, namespace });
  try {
    const load = await measureLoad(fleet, { kind, load: { inFlight: IN_FLIGHT * workers, seconds } });
    const network = namespace ? 'namespaces' : 'loopback';
    return { workers, cpus, network, perSecond: load.perSecond, ...load.total };
  } finally {
    await fleet.stop();
  }
}

/** Measures the effect of the reference cache for callers who send the same reference repeatedly. */
export async function measureCache(setting: Setting): Promise<CacheReport> {
  const without = await measureWithCache(setting, '0');
  const cached = await measureWithCache(setting, '1000');
  return { perSecondWithout: without.perSecond, perSecondWith: cached.perSecond, hitRate: cached.hitRate };
}

async function measureWithCache({ photos, pack, kind, seconds }: Setting, size: string) {
  const fleet = await startFleet({
    photos,
    workers: [undefined],
    env: { ...packEnvironment(pack), REFERENCE_CACHE_SIZE: size },
  });
  try {
    const { perSecond } = await measureLoad(fleet, {
      kind,
      load: { inFlight: IN_FLIGHT * CORES, seconds },
    });
    const samples = await scrape(fleet.workerOrigins[0] ?? '');
    const hits = samples.get('face_reference_lookups_total{result="hit"}') ?? 0;
    const misses = samples.get('face_reference_lookups_total{result="miss"}') ?? 0;
    return { perSecond, hitRate: hits / (hits + misses) };
  } finally {
    await fleet.stop();
  }
}
