import type { Job, Queue } from 'bullmq';
import type { Evidence } from '../shared/contract.js';
import { createJobView } from '../shared/job-view.js';
import {
  type ComparisonJob,
  type ComparisonOutcome,
  readOutcome,
  redisKeys,
  type WebhookJob,
} from '../shared/queue-contract.js';
import { queueWebhook } from '../shared/queue-webhook.js';
import type { RedisConnection } from '../shared/redis.js';
import type { RedisClock } from '../shared/redis-clock.js';

export interface FinishDependencies {
  readonly redis: RedisConnection;
  readonly clock: RedisClock;
  readonly prefix: string;
  readonly model: string;
  readonly retentionSeconds: number;
  readonly webhookQueue: Queue<WebhookJob>;
}

export type CompareJob = Job<ComparisonJob, ComparisonOutcome>;

/**
 * Keeps the evidence and queues the webhook of a job that is about to end, and returns the outcome to end it with: the
 * first one that was ever told, should this be a second run. Safe to repeat.
 */
export async function finishJob(
  job: CompareJob,
  ending: { readonly outcome: ComparisonOutcome; readonly evidence?: Evidence | undefined },
  deps: FinishDependencies,
): Promise<ComparisonOutcome> {
  const { redis, prefix, retentionSeconds } = deps;
  const jobId = job.id ?? '';
  const { callback_url: url } = job.data;
  const outcome = url ? await settleOutcome(jobId, ending.outcome, deps) : ending.outcome;
  if (job.data.evidence && ending.evidence && outcome.ok) {
    await redis.set(
      redisKeys.evidence(prefix, jobId),
      JSON.stringify(ending.evidence),
      'EX',
      retentionSeconds,
    );
  }
  if (url) await announceEnd(job, { outcome, evidence: ending.evidence }, deps);
  return outcome;
}

/** Queues the webhook of an ended or ending job once, whoever calls first. */
export async function announceEnd(
  job: CompareJob,
  ending: { readonly outcome: ComparisonOutcome; readonly evidence?: Evidence | undefined },
  deps: FinishDependencies,
): Promise<void> {
  const { data } = job;
  const { callback_url: url, tenant } = data;
  if (!url) return;
  const view = createJobView({
    jobId: job.id ?? '',
    job: data,
    createdAt: job.timestamp,
    startedAt: job.processedOn,
    finishedAt: job.finishedOn ?? deps.clock.now(),
    attempts: Math.max(1, job.attemptsStarted),
    outcome: ending.outcome,
    evidence: data.evidence ? ending.evidence : undefined,
  });
  const { webhookQueue, model, retentionSeconds } = deps;
  await queueWebhook(webhookQueue, { view, url, tenant, model, retentionSeconds });
}

/** Drops what an ended job no longer needs: the image URLs and where its webhook went. */
export async function stripJob(job: CompareJob): Promise<void> {
  const { images: _images, callback_url: _url, ...rest } = job.data;
  await job.updateData(rest);
}

async function settleOutcome(
  jobId: string,
  outcome: ComparisonOutcome,
  deps: FinishDependencies,
): Promise<ComparisonOutcome> {
  const key = redisKeys.outcome(deps.prefix, jobId);
  const kept = await deps.redis.set(key, JSON.stringify(outcome), 'EX', deps.retentionSeconds, 'NX');
  if (kept === 'OK') return outcome;
  const first = await deps.redis.get(key);
  return first === null ? outcome : readOutcome(JSON.parse(first));
}
