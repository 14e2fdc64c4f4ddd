import type { Queue } from 'bullmq';
import type { RedisConnection } from '../redis/connect-redis.js';

/** Jobs that are read in one exchange with Redis: with the longest URLs, 4 MB. */
const READ_AT_ONCE = 100;

/**
 * Returns the payloads of jobs, in their order, as JSON text: null for a job that does not exist, an error for a record that
 * cannot be read. Rejects if Redis is unavailable.
 */
export async function readPayloads(
  jobIds: readonly string[],
  { redis, queue }: { readonly redis: RedisConnection; readonly queue: Pick<Queue, 'toKey'> },
): Promise<readonly (string | null | Error)[]> {
  const payloads: (string | null | Error)[] = [];
  for (let index = 0; index < jobIds.length; index += READ_AT_ONCE) {
    const pipeline = redis.pipeline();
    for (const jobId of jobIds.slice(index, index + READ_AT_ONCE)) pipeline.hget(queue.toKey(jobId), 'data');
    for (const [error, data] of (await pipeline.exec()) ?? [])
      payloads.push(error ?? (data as string | null));
  }
  return payloads;
}
