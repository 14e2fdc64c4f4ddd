import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { compareQueueName } from '../../src/shared/queue/keyspace.js';

/** Prefix of BullMQ's keys for comparisons. */
export const QUEUE_KEY = `{face}:${compareQueueName('lite')}`;
const WATCH_PAUSE_MS = 100;
/** Time after which a job that was not restarted is left to the ledger, ms. */
const WATCH_LIMIT_MS = 120_000;

/** A running job: its id, starts and failed attempts. */
export type RunningJob = readonly [jobId: string, starts: string, failures: string];

const RUNNING_JOBS = `
local found = {}
for _, id in ipairs(redis.call('LRANGE', KEYS[1] .. ':active', 0, -1)) do
  local job = redis.call('HMGET', KEYS[1] .. ':' .. id, 'ats', 'atm')
  found[#found + 1] = { id, job[1] or '0', job[2] or '0' }
end
return found`;

/** Returns the jobs that are running on any worker. */
export async function readRunningJobs(redis: Redis): Promise<readonly RunningJob[]> {
  return (await redis.eval(RUNNING_JOBS, 1, QUEUE_KEY)) as RunningJob[];
}

/**
 * Resolves with the next start of a job that ran at `since`, by BullMQ's own record of it. Undefined for a job of a
 * worker that was spared, which ends without another start, and for one that is tried again for its photos.
 */
export async function watchRecovery(
  [jobId, starts, failures]: RunningJob,
  since: number,
  redis: Redis,
): Promise<number | undefined> {
  while (Date.now() - since < WATCH_LIMIT_MS) {
    const [started = null, failed, processedOn, finishedOn] = await redis.hmget(
      `${QUEUE_KEY}:${jobId}`,
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
