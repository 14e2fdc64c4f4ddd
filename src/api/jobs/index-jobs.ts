import type { ComparisonJob } from '../../shared/queue/comparison-job.js';
import type { Keyspace } from '../../shared/queue/keyspace.js';
import type { RedisConnection } from '../../shared/redis/connect-redis.js';
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

/** Lets the jobs of a person be found, before they are added. */
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
  await pipeline.exec();
}
