import pLimit from 'p-limit';
import type { BatchStore } from '../../shared/batches/batch-store.js';
import { noteBatchJobEnded } from '../../shared/batches/end-batch.js';
import type { ComparisonFailure } from '../../shared/contract/comparison-outcome.js';
import { createJobView } from '../../shared/contract/job-view.js';
import { VerificationError } from '../../shared/errors.js';
import type { CancelledJob, CancelledJobs } from '../../shared/queue/cancelled-jobs.js';
import type { RedisConnection } from '../../shared/redis/connect-redis.js';
import type { RedisClock } from '../../shared/redis/redis-clock.js';
import type { WebhookQueue } from '../../shared/webhooks/webhook-queue.js';
import { fillForJob } from '../batches/fill-for-job.js';
import type { JobQueue, StoredJob } from './job-queue.js';
import { withQueue } from './with-queue.js';

/** Outcome of a job that was taken out of the queue. */
export const CANCELLED_BEFORE_IT_RAN: ComparisonFailure = {
  ok: false,
  code: 'job_cancelled',
  detail: 'The job was cancelled before it ran.',
  retryable: false,
};

/** Time after which the lines of a batch should be in the queue, s. */
const FILLING_SECONDS = 2;

/** When a proxy restarts, callers hang up by the thousand. All at once, none of their exchanges would end in time. */
const ABANDONED_AT_A_TIME = 20;

export interface CancelDependencies {
  readonly redis: RedisConnection;
  readonly queue: JobQueue;
  readonly clock: RedisClock;
  readonly cancelledJobs: CancelledJobs;
  readonly webhooks: WebhookQueue;
  readonly batches: BatchStore;
}

/**
 * Takes a job out of the queue, keeps a record of it and queues its webhook. Repeating this changes nothing.
 * @throws VerificationError `job_not_found`, also for another tenant's job; `job_not_cancellable` if it is running or has
 * ended.
 */
export async function cancelJob(jobId: string, tenant: string, deps: CancelDependencies): Promise<void> {
  if (!(await fillForJob(jobId, deps)))
    throw new VerificationError('queue_unavailable', { retryAfterSeconds: FILLING_SECONDS });
  const job = await deps.queue.read(jobId);
  if (job?.payload.tenant === tenant) return takeOut(job, deps);
  const cancelled = job ? undefined : await deps.cancelledJobs.read(jobId);
  if (cancelled?.tenant !== tenant) throw new VerificationError('job_not_found');
  await conclude(cancelled, deps);
}

/**
 * Returns the function that ends the job of a caller that hung up: it removes a queued job and asks the worker of a
 * running one to stop. A job with a callback continues, because its receiver still expects the result.
 * @throws VerificationError `queue_unavailable`.
 */
export function createAbandonJob(deps: CancelDependencies): (jobId: string) => Promise<void> {
  const limit = pLimit(ABANDONED_AT_A_TIME);
  return (jobId) => limit(() => withQueue(deps.redis, () => abandonJob(jobId, deps)));
}

async function abandonJob(jobId: string, deps: CancelDependencies): Promise<void> {
  const job = await deps.queue.read(jobId);
  if (!job || job.state === 'ended' || job.payload.callback_url) return;
  try {
    await takeOut(job, deps);
  } catch (error) {
    if (!(error instanceof VerificationError) || error.code !== 'job_not_cancellable') throw error;
    await deps.queue.publishCancel(jobId);
  }
}

async function takeOut(job: StoredJob, deps: CancelDependencies): Promise<void> {
  const { queue, clock, cancelledJobs } = deps;
  if (job.state !== 'queued') throw new VerificationError('job_not_cancellable');
  const now = clock.now();
  const { callback_url: url, tenant } = job.payload;
  const view = createJobView({
    ...job,
    job: job.payload,
    finishedAt: now,
    outcome: CANCELLED_BEFORE_IT_RAN,
  });
  const record: CancelledJob = { view, tenant, ...(url ? { callback_url: url } : {}) };
  await cancelledJobs.keep(record, now);
  if ((await queue.remove(job.jobId)) === 'busy') {
    // Keep the record: another process may have removed the job. While the job exists, it takes precedence.
    await cancelledJobs.conclude(record);
    throw new VerificationError('job_not_cancellable');
  }
  await conclude(record, deps);
}

async function conclude(record: CancelledJob, deps: CancelDependencies): Promise<void> {
  const { view, tenant, callback_url: url } = record;
  if (url) await deps.webhooks.add({ view, url, tenant });
  await noteBatchJobEnded(view.job_id, deps);
  await deps.cancelledJobs.conclude(record);
}
