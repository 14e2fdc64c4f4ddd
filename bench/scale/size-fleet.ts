import type { PhotoKind } from '../speed/make-photos.js';
import type { CostsReport, KindCosts } from './measure-costs.js';
import type { Route, RouteCosts } from './measure-routes.js';

/** What a fleet is sized for. */
export interface SizingInput {
  readonly perMinute: number;
  readonly kind: PhotoKind;
  readonly route: Route;
  /** Cores of one worker, and as many vision processes. */
  readonly workerCores: number;
  /** Price of one core for one hour, in any currency. */
  readonly coreHourPrice: number;
  readonly retentionSeconds: number;
}

/** Needs of a fleet, by calculation from measured costs. */
export interface FleetSize {
  readonly perSecond: number;
  /** Deployments, each with a Redis and a queue of its own. */
  readonly shards: number;
  /** Cores that are busy on average. */
  readonly busyCores: Readonly<Record<'vision' | 'worker' | 'api' | 'redis', number>>;
  /** Over all shards. */
  readonly workers: number;
  readonly apis: number;
  /** Cores to provide: workers, one for each API and one for each Redis. */
  readonly cores: number;
  readonly memoryGb: { readonly workers: number; readonly apis: number };
  readonly redis: {
    readonly commandsPerSecond: number;
    readonly mbitPerSecond: number;
    /** Memory of stored results if no result is dropped early. */
    readonly storedGb: number;
    /** Memory of the jobs of one minute, waiting. */
    readonly waitingGb: number;
  };
  readonly photoMbitPerSecond: number;
  /** Of a million comparisons, at MAX_LOAD. */
  readonly coreHoursPerMillion: number;
  readonly pricePerMillion: number;
}

/** Share of a core, or of all vision processes, that is planned to be busy: above it, waiting times grow steeply. */
export const MAX_LOAD = 0.6;
/** Share of an API's core that it spends on the events of other APIs' comparisons at most. */
export const MAX_LISTENING = 0.3;

/** Returns the costs of a route by its name. @throws Error if it was not measured. */
export function routeCosts({ routes }: CostsReport, route: Route): RouteCosts {
  const found = routes.find((one) => one.route === route);
  if (!found) throw new Error(`the measured costs have no route ${route}`);
  return found;
}

/** Returns the costs of a kind of photo. @throws Error if it was not measured. */
export function kindCosts({ kinds }: CostsReport, kind: PhotoKind): KindCosts {
  const found = kinds.find((one) => one.kind === kind);
  if (!found) throw new Error(`the measured costs have no photos of the kind ${kind}`);
  return found;
}

/** Cost of a comparison in API and Redis, ms. */
export interface QueueCosts {
  readonly apiMs: number;
  readonly listenMs: number;
  readonly redisMs: number;
}

/**
 * Returns what a comparison costs API and Redis on a busy fleet. The measurement at full speed counts, scaled by what the
 * route costs more than a synchronous comparison at the low speed of one worker: a busy program handles several messages
 * at a time.
 */
export function queueCosts(costs: CostsReport, route: Route): QueueCosts {
  const [bare, sync, own] = [routeCosts(costs, 'bare'), routeCosts(costs, 'sync'), routeCosts(costs, route)];
  return {
    apiMs: (bare.apiCpuMs * own.apiCpuMs) / sync.apiCpuMs,
    listenMs: bare.listenerCpuMs,
    redisMs: (bare.redisCpuMs * own.redisCpuMs) / sync.redisCpuMs,
  };
}

/** Returns the comparisons per second that one queue can carry: the lower limit of its Redis and of its APIs' listening. */
export function queueLimit({ listenMs, redisMs }: QueueCosts): {
  readonly redis: number;
  readonly listening: number;
} {
  return { redis: (MAX_LOAD * 1_000) / redisMs, listening: (MAX_LISTENING * 1_000) / listenMs };
}

/** Returns the size of a fleet. */
export function sizeFleet(costs: CostsReport, input: SizingInput): FleetSize {
  const perSecond = input.perMinute / 60;
  const { cpuMs, photoBytes } = kindCosts(costs, input.kind);
  const route = routeCosts(costs, input.route);
  const queue = queueCosts(costs, input.route);
  const limit = queueLimit(queue);
  const shards = Math.ceil(perSecond / Math.min(limit.redis, limit.listening));
  const perShard = perSecond / shards;
  const apisPerShard = countApis(queue, perShard);
  const workersPerShard = Math.ceil(
    (perShard * (cpuMs.vision + cpuMs.worker)) / 1_000 / MAX_LOAD / input.workerCores,
  );
  const [apis, workers] = [apisPerShard * shards, workersPerShard * shards];
  const listening = ((apisPerShard - 1) * perSecond * queue.listenMs) / 1_000;
  const busyCores = {
    vision: (perSecond * cpuMs.vision) / 1_000,
    worker: (perSecond * cpuMs.worker) / 1_000,
    api: (perSecond * queue.apiMs) / 1_000 + listening,
    redis: (perSecond * queue.redisMs) / 1_000,
  };
  const { memoryMb, waitingBytes } = costs;
  const coreHoursPerMillion =
    ((cpuMs.vision + cpuMs.worker + queue.apiMs + queue.redisMs) / 1_000 / MAX_LOAD / 3_600) * 1e6;
  return {
    perSecond,
    shards,
    busyCores,
    workers,
    apis,
    cores: workers * input.workerCores + apis + shards,
    memoryGb: {
      workers: (workers * (memoryMb.worker + input.workerCores * memoryMb.vision)) / 1_000,
      apis: (apis * memoryMb.api) / 1_000,
    },
    redis: {
      commandsPerSecond: perSecond * route.redisCommands,
      mbitPerSecond: (perSecond * route.redisBytes * 8) / 1e6,
      storedGb: (perSecond * input.retentionSeconds * route.storedBytes) / 1e9,
      waitingGb: (input.perMinute * waitingBytes.url) / 1e9,
    },
    photoMbitPerSecond: (perSecond * photoBytes * 8) / 1e6,
    coreHoursPerMillion,
    pricePerMillion: coreHoursPerMillion * input.coreHourPrice,
  };
}

/** Returns how many APIs a queue needs, at least two so that one can fail. */
function countApis({ apiMs, listenMs }: QueueCosts, perSecond: number): number {
  for (let count = 2; ; count++) {
    const own = (perSecond / count) * apiMs;
    if (own + perSecond * listenMs <= MAX_LOAD * 1_000) return count;
    if (count > 1_000) throw new Error('this is a bug: listening alone fills an API');
  }
}
