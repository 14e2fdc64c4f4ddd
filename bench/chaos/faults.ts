import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { compareQueueName } from '../../src/shared/queue-contract.js';
import type { System } from './system.js';
import type { Tally } from './tally.js';

/** Mean pauses between two kills, ms. */
export interface Pauses {
  readonly worker: number;
  readonly redis: number;
  readonly api: number;
}

/** Kills at random until it is stopped. */
export interface Faults {
  stop(): Promise<void>;
}

const WATCH_PAUSE_MS = 100;
/** An outage so shortly before a kill still delays what follows, ms. */
const SETTLING_MS = 3_000;
/** A job that was not taken up after this long is left to the ledger, ms. */
const WATCH_LIMIT_MS = 120_000;

/** Ids, starts and failed attempts of the jobs that run now. */
const ACTIVE_JOBS = `
local found = {}
for _, id in ipairs(redis.call('LRANGE', KEYS[1] .. ':active', 0, -1)) do
  local job = redis.call('HMGET', KEYS[1] .. ':' .. id, 'ats', 'atm')
  found[#found + 1] = { id, job[1] or '0', job[2] or '0' }
end
return found`;

/** Starts to kill workers, Redis and APIs, each at its own mean pause. One worker is always left to go on. */
export function startFaults(system: System, pauses: Pauses, tally: Tally): Faults {
  const redis = new Redis(system.redis.url, { maxRetriesPerRequest: null, retryStrategy: () => 200 });
  redis.on('error', () => undefined);
  let calm = false;
  const watches = new Set<Promise<void>>();
  const outages: number[] = [];

  const killWorker = async (): Promise<void> => {
    const up = system.workers.filter((worker) => worker.isUp());
    const victim = up[Math.floor(Math.random() * up.length)];
    if (!victim || up.length < 2) return;
    const running = (await redis.eval(ACTIVE_JOBS, 1, queueKey)) as [string, string, string][];
    victim.kill();
    tally.faults.worker_kills += 1;
    const killedAt = Date.now();
    for (const job of running) {
      const watch = watchRecovery(job, killedAt, redis).then((startedAt) => {
        if (startedAt === undefined) return;
        const isThroughOutage = outages.some((at) => at > killedAt - SETTLING_MS && at < startedAt);
        const list = isThroughOutage ? tally.recoveriesThroughOutageMs : tally.recoveriesMs;
        list.push(startedAt - killedAt);
      });
      watches.add(watch);
      void watch.then(() => watches.delete(watch));
    }
  };
  const killRedis = async (): Promise<void> => {
    outages.push(Date.now());
    await system.redis.kill();
    tally.faults.redis_kills += 1;
    await pause(around(700));
    await system.redis.start();
  };
  const killApi = async (): Promise<void> => {
    system.apis[Math.floor(Math.random() * system.apis.length)]?.kill();
    tally.faults.api_kills += 1;
  };
  const haunt = async (meanMs: number, kill: () => Promise<void>): Promise<void> => {
    for (;;) {
      await pause(around(meanMs));
      if (calm) return;
      await kill();
    }
  };
  const haunting = Promise.all([
    haunt(pauses.worker, killWorker),
    haunt(pauses.redis, killRedis),
    haunt(pauses.api, killApi),
  ]);
  return {
    stop: async () => {
      calm = true;
      await haunting;
      await Promise.all(watches);
      redis.disconnect();
    },
  };
}

const queueKey = `{face}:${compareQueueName('lite')}`;
const around = (ms: number): number => ms * (0.5 + Math.random());

/**
 * Resolves with the next start of a job that ran at the time of a kill, by BullMQ's own record of it. Undefined for a job
 * of another worker, which ends without another start, and for one that is tried again for its photos.
 */
async function watchRecovery(
  [jobId, starts, failures]: readonly [string, string, string],
  killedAt: number,
  redis: Redis,
): Promise<number | undefined> {
  while (Date.now() - killedAt < WATCH_LIMIT_MS) {
    const [started = null, failed, processedOn, finishedOn] = await redis.hmget(
      `${queueKey}:${jobId}`,
      'ats',
      'atm',
      'processedOn',
      'finishedOn',
    );
    const isRetried = (failed ?? '0') !== failures && !finishedOn;
    if (started === null || isRetried) return undefined;
    if (Number(started) > Number(starts)) return Number(processedOn);
    if (finishedOn) return undefined;
    await pause(WATCH_PAUSE_MS);
  }
  return undefined;
}
