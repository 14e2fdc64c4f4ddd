import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { createNamedRandom, type Random } from './random.js';
import type { Receiver } from './receiver.js';
import type { Supervised, System } from './system.js';
import type { Tally } from './tally.js';
import { readRunningJobs, watchRecovery } from './watch-recovery.js';

/** Schedule of one kind of fault. */
export interface Pace {
  /** Mean pause before each fault, ms. */
  readonly meanMs: number;
  /** Number of faults at most. */
  readonly most?: number;
}

/** Scheduled kinds of faults. For `redis`, restarts and freezes alternate. */
export type Paces = Readonly<Record<'workerKill' | 'workerFreeze' | 'redis' | 'apiKill' | 'receiver', Pace>>;

/** Causes faults until it is stopped. */
export interface Faults {
  /** Resolves when everything works again. Can be called repeatedly. */
  stop(): Promise<void>;
}

export interface FaultOptions {
  readonly system: System;
  readonly receiver: Receiver;
  readonly paces: Paces;
  readonly seed: number;
  readonly tally: Tally;
}

/** From slightly to well above the lifetime of a lock, ms. */
const WORKER_FREEZE_MS = [9_000, 14_000] as const;
const REDIS_AWAY_MS = [300, 1_500] as const;
const REDIS_FREEZE_MS = [1_000, 4_000] as const;
/** Shorter than the first pause of the webhook schedule, so that most are delivered by the second attempt. */
const RECEIVER_AWAY_MS = [1_000, 3_000] as const;
/** Time after an outage of Redis in which it still delays recoveries, ms. */
const SETTLING_MS = 5_000;

/** False if there was nothing to break. */
type Strike = (random: Random) => Promise<boolean>;

/** Starts to break workers, Redis, APIs and the receiver, each on its own schedule from the seed. */
export function startFaults({ system, receiver, paces, seed, tally }: FaultOptions): Faults {
  const redis = new Redis(system.redis.url, { maxRetriesPerRequest: null, retryStrategy: () => 200 });
  redis.on('error', () => undefined);
  const calm = new AbortController();
  const workers = workerFaults(system, redis, tally);
  const strikes: Readonly<Record<keyof Paces, Strike>> = {
    workerKill: workers.kill,
    workerFreeze: workers.freeze,
    redis: redisFaults(system, tally),
    apiKill: async (random) => {
      random.pick(system.apis as [Supervised, Supervised]).kill();
      tally.faults.api_kills += 1;
      return true;
    },
    receiver: async (random) => {
      tally.faults.receiver_outages += 1;
      await receiver.fail(random.pick(['closed', 'errors', 'silent']), random.between(...RECEIVER_AWAY_MS));
      return true;
    },
  };
  const haunt = async (kind: keyof Paces): Promise<void> => {
    const random = createNamedRandom(seed, kind);
    const { meanMs, most = Number.POSITIVE_INFINITY } = paces[kind];
    for (let count = 0; count < most; ) {
      await pause(random.around(meanMs), undefined, { signal: calm.signal }).catch(() => undefined);
      if (calm.signal.aborted) return;
      if (await strikes[kind](random)) count += 1;
    }
  };
  const haunting = Promise.all((Object.keys(strikes) as (keyof Paces)[]).map(haunt));
  return {
    stop: async () => {
      calm.abort();
      await haunting;
      await workers.settled();
      redis.disconnect();
    },
  };
}

/** Kills and freezes workers, except for the last one, and measures how long their jobs are interrupted. */
function workerFaults(system: System, redis: Redis, tally: Tally) {
  const watches = new Set<Promise<void>>();
  const choose = (random: Random): Supervised | undefined => {
    const [first, ...rest] = system.workers.filter((worker) => worker.isUp());
    return first && rest.length > 0 ? random.pick([first, ...rest]) : undefined;
  };
  const watch = async (kind: 'kill' | 'freeze', strike: () => void): Promise<void> => {
    const running = await readRunningJobs(redis);
    strike();
    const since = Date.now();
    for (const job of running) {
      const watching = watchRecovery(job, since, redis).then((startedAt) => {
        if (startedAt === undefined) return;
        const isThroughOutage = system.outages.some((at) => at > since - SETTLING_MS && at < startedAt);
        tally.recoveriesMs[isThroughOutage ? 'outage' : kind].push(startedAt - since);
      });
      watches.add(watching);
      void watching.then(() => watches.delete(watching));
    }
  };
  return {
    kill: async (random: Random) => {
      const victim = choose(random);
      if (!victim) return false;
      await watch('kill', victim.kill);
      tally.faults.worker_kills += 1;
      return true;
    },
    freeze: async (random: Random) => {
      const victim = choose(random);
      if (!victim) return false;
      let thaw = (): void => undefined;
      await watch('freeze', () => {
        thaw = victim.freeze();
      });
      tally.faults.worker_freezes += 1;
      await pause(random.between(...WORKER_FREEZE_MS));
      thaw();
      return true;
    },
    settled: () => Promise.all(watches),
  };
}

function redisFaults({ redis, outages }: System, tally: Tally): Strike {
  const restart = async (random: Random): Promise<void> => {
    await redis.kill();
    tally.faults.redis_restarts += 1;
    await pause(random.between(...REDIS_AWAY_MS));
    await redis.start();
  };
  const freeze = async (random: Random): Promise<void> => {
    redis.process().kill('SIGSTOP');
    tally.faults.redis_freezes += 1;
    await pause(random.between(...REDIS_FREEZE_MS));
    redis.process().kill('SIGCONT');
  };
  return async (random) => {
    outages.push(Date.now());
    await (tally.faults.redis_restarts > tally.faults.redis_freezes ? freeze : restart)(random);
    outages.push(Date.now());
    return true;
  };
}
