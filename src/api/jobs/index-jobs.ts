import type { Queue } from 'bullmq';
import { type ComparisonJob, comparisonJobSchema } from '../../shared/queue/comparison-job.js';
import type { Keyspace } from '../../shared/queue/keyspace.js';
import { parseJson } from '../../shared/queue/parse-json.js';
import { readPayloads } from '../../shared/queue/read-payloads.js';
import type { RedisConnection } from '../../shared/redis/connect-redis.js';
import { execAll } from '../../shared/redis/exec-all.js';
import { LONGEST_DELIVERY_SECONDS } from '../../shared/webhooks/webhook-schedule.js';

/** A job and whose it is. */
export interface IndexedJob {
  readonly jobId: string;
  readonly payload: Pick<ComparisonJob, 'tenant' | 'user_id' | 'accepted_at'>;
}

export interface IndexOptions {
  readonly redis: RedisConnection;
  readonly keys: Pick<Keyspace, 'userJobs' | 'indexed' | 'model'>;
  readonly retentionSeconds: number;
  /** Longest time that a job can wait and run, s. */
  readonly deadlineSeconds: number;
}

/**
 * Lets the jobs of a person be found, before they are added. Rejects if any of them cannot be: such a job must not exist, because
 * erasing its person would miss it.
 */
export async function indexJobs(
  jobs: readonly IndexedJob[],
  { redis, keys, ...limits }: IndexOptions,
): Promise<void> {
  // A person's jobs stay in the index as long as any of their data can exist: the job waits, its webhook is retried, and
  // both are then kept. Clean-up can be late, hence the second retention.
  const findableSeconds = limits.deadlineSeconds + LONGEST_DELIVERY_SECONDS + 2 * limits.retentionSeconds;
  const pipeline = redis.pipeline();
  for (const { jobId, payload } of jobs) {
    const userKey = keys.userJobs(payload.tenant, payload.user_id);
    pipeline.zadd(userKey, String(payload.accepted_at), jobId).expire(userKey, findableSeconds);
  }
  // So that a person can be found of whom nobody knows who sent the photos.
  for (const tenant of new Set(jobs.map(({ payload }) => payload.tenant)))
    pipeline.sadd(keys.indexed, JSON.stringify([keys.model, tenant]));
  await execAll(pipeline);
}

const userSchema = comparisonJobSchema.pick({ user_id: true });

/**
 * Returns the ids of all jobs of a person that may still be kept. Leaves out the jobs of other persons: of two requests
 * under one Idempotency-Key, the one that was refused is indexed too, because the index is written before the job.
 */
export async function listUserJobs(
  { tenant, userId }: { readonly tenant: string; readonly userId: string },
  { redis, keys, queue }: Pick<IndexOptions, 'redis' | 'keys'> & { readonly queue: Pick<Queue, 'toKey'> },
): Promise<string[]> {
  const jobIds = await redis.zrange(keys.userJobs(tenant, userId), '0', '-1');
  const payloads = await readPayloads(jobIds, { redis, queue });
  return jobIds.filter((_, place) => !isOfOther(userId, payloads[place]));
}

/** A job that is not there, or cannot be read, counts as the person's. */
function isOfOther(userId: string, data: unknown): boolean {
  if (typeof data !== 'string') return false;
  const payload = userSchema.safeParse(parseJson(data));
  return payload.success && payload.data.user_id !== userId;
}
