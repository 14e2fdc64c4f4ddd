import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { STAGING_SECONDS } from '../../src/shared/batches/batch-store.js';
import type { Tally } from './tally.js';
import { QUEUE_KEY } from './watch-recovery.js';

/** Time in which callers that were cut off see their jobs run, ms. */
const DRAINED_WITHIN_MS = 120_000;
/**
 * Time after the last job in which its photos must be gone, ms. They go with the job, but if its worker or Redis dies at that
 * moment, the reconciler removes them: it passes every 30 s and skips jobs that ended less than 5 s ago.
 */
const GONE_WITHIN_MS = 75_000;
/** Most that the memory of Redis may differ beyond the records that it keeps: buffers and caches of its own, bytes. */
const TOLERANCE_BYTES = 10_000_000;
const POLL_MS = 100;

/** What uploads left in Redis. */
export interface MemoryReport {
  /** Time from the end of the last job until no photo of a job was left, ms. */
  readonly jobPhotosGoneMs: number;
  /** Photos of APIs that died before they had added the job; they live for two minutes at most. */
  readonly orphans: number;
  /** Time until those were gone too; 0 if it was not awaited. */
  readonly orphansGoneMs: number;
  /** Memory of Redis' data before and after, and the records of the jobs in it, MB. */
  readonly beforeMb: number;
  readonly afterMb: number;
  readonly recordsMb: number;
}

/** Returns the memory of Redis' data, bytes. */
export async function readDatasetBytes(redisUrl: string): Promise<number> {
  return withRedis(redisUrl, datasetBytes);
}

/** Waits for the last job, and then for its photos to go. `orphans`: true to wait for those of dead APIs too. */
export async function checkMemory(
  redisUrl: string,
  tally: Tally,
  { beforeBytes, orphans }: { readonly beforeBytes: number; readonly orphans: boolean },
): Promise<MemoryReport> {
  return withRedis(redisUrl, async (redis) => {
    await until(async () => (await countOpenJobs(redis)) === 0, DRAINED_WITHIN_MS);
    const endedAt = performance.now();
    await until(async () => (await photosOfJobs(redis)) === 0, GONE_WITHIN_MS);
    const jobPhotosGoneMs = performance.now() - endedAt;
    tally.verdicts.photos_kept += await photosOfJobs(redis);
    const left = (await photoKeys(redis)).length;
    if (orphans) {
      await until(async () => (await photoKeys(redis)).length === 0, (STAGING_SECONDS + 5) * 1_000);
      tally.verdicts.photos_kept += (await photoKeys(redis)).length;
    }
    const orphansGoneMs = orphans ? performance.now() - endedAt : 0;
    const recordsBytes = await usageOfAllKeys(redis);
    const afterBytes = await datasetBytes(redis);
    if (orphans && afterBytes - recordsBytes - beforeBytes > TOLERANCE_BYTES) tally.verdicts.memory_kept += 1;
    return {
      jobPhotosGoneMs,
      orphans: left,
      orphansGoneMs,
      beforeMb: beforeBytes / 1e6,
      afterMb: afterBytes / 1e6,
      recordsMb: recordsBytes / 1e6,
    };
  });
}

async function withRedis<T>(url: string, use: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url);
  try {
    return await use(redis);
  } finally {
    redis.disconnect();
  }
}

async function until(isSo: () => Promise<boolean>, limitMs: number): Promise<void> {
  const end = performance.now() + limitMs;
  while (performance.now() < end && !(await isSo())) await pause(POLL_MS);
}

async function countOpenJobs(redis: Redis): Promise<number> {
  const sets = await Promise.all(
    ['prioritized', 'delayed'].map((name) => redis.zcard(`${QUEUE_KEY}:${name}`)),
  );
  const lists = await Promise.all(['wait', 'active'].map((name) => redis.llen(`${QUEUE_KEY}:${name}`)));
  return [...sets, ...lists].reduce((sum, count) => sum + count, 0);
}

const photoKeys = (redis: Redis): Promise<string[]> => redis.keys('*:photo:*');

/** Counts photos that live longer than those whose job was not added yet. */
async function photosOfJobs(redis: Redis): Promise<number> {
  const lives = await Promise.all((await photoKeys(redis)).map((key) => redis.ttl(key)));
  return lives.filter((seconds) => seconds === -1 || seconds > STAGING_SECONDS).length;
}

async function datasetBytes(redis: Redis): Promise<number> {
  return Number(/used_memory_dataset:(\d+)/.exec(await redis.info('memory'))?.[1]);
}

async function usageOfAllKeys(redis: Redis): Promise<number> {
  let bytes = 0;
  for (const key of await redis.keys('*')) bytes += (await redis.memory('USAGE', key, 'SAMPLES', 0)) ?? 0;
  return bytes;
}
