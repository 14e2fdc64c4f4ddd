import type { RedisConnection } from './connect-redis.js';

/** Where BullMQ lists a job: sorted sets and lists. */
const SETS = ['completed', 'failed', 'prioritized', 'delayed'] as const;
const LISTS = ['wait', 'paused', 'active'] as const;

/**
 * Removes whatever lies under a job's name and is no job, with its place in every list: the commands of BullMQ break off
 * at it. Returns false, having done nothing, for a job and where there is nothing.
 */
export async function removeForeignKey(
  queue: { toKey(name: string): string },
  jobId: string,
  redis: RedisConnection,
): Promise<boolean> {
  const key = queue.toKey(jobId);
  const kind = await redis.type(key);
  if (kind === 'hash' || kind === 'none') return false;
  const removal = redis.multi().del(key);
  for (const set of SETS) removal.zrem(queue.toKey(set), jobId);
  for (const list of LISTS) removal.lrem(queue.toKey(list), 0, jobId);
  await removal.exec();
  return true;
}
