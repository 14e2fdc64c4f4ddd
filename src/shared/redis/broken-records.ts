import type { RedisConnection } from './connect-redis.js';
import { execAll } from './exec-all.js';

/** Sorted sets and lists in which BullMQ lists jobs. */
const SETS = ['completed', 'failed', 'prioritized', 'delayed'] as const;
const LISTS = ['wait', 'paused', 'active'] as const;

/** True if a record in Redis is broken (invalid JSON, or a key of the wrong type); false if Redis itself failed. */
export function isUnreadable(error: unknown): boolean {
  return error instanceof SyntaxError || (error instanceof Error && error.message.includes('WRONGTYPE'));
}

/**
 * Removes a key that has a job's name but is not a job, and its entry in every list: BullMQ's own commands fail at it.
 * Returns false, having changed nothing, for a real job and for a missing key.
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
  await execAll(removal);
  return true;
}
