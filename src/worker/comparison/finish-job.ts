import type { Job, Queue } from 'bullmq';
import type { BatchStore } from '../../shared/batches/batch-store.js';
import { noteBatchJobEnded } from '../../shared/batches/end-batch.js';
import type { ComparisonOutcome } from '../../shared/contract/comparison-outcome.js';
import { createJobView } from '../../shared/contract/job-view.js';
import type { ComparisonJob } from '../../shared/queue/comparison-job.js';
import { noteKept } from '../../shared/queue/kept-index.js';
import type { Keyspace } from '../../shared/queue/keyspace.js';
import {
  type OutcomeRecord,
  readOutcomeRecord,
  writeOutcomeRecord,
} from '../../shared/queue/outcome-record.js';
import type { RedisConnection } from '../../shared/redis/connect-redis.js';
import type { RedisClock } from '../../shared/redis/redis-clock.js';
import type { Logger } from '../../shared/runtime/logger.js';
import { removePhotos } from '../../shared/uploads/photo-store.js';
import type { WebhookQueue } from '../../shared/webhooks/webhook-queue.js';

export interface FinishDependencies {
  readonly redis: RedisConnection;
  readonly clock: RedisClock;
  readonly keys: Keyspace;
  readonly retentionSeconds: number;
  readonly webhooks: WebhookQueue;
  readonly batches: BatchStore;
  readonly logger: Logger;
}

/**
 * Writes an outcome unless this very job has one already, atomically: two runs of a job may end at the same time.
 * Overwrites a record that cannot be read; the second value is then 1.
 */
const WRITE_FIRST_OUTCOME = `
local kept = redis.pcall('GET', KEYS[1])
local isJson, record = pcall(cjson.decode, kept)
local isReadable = isJson and type(record) == 'table'
if isReadable and record.accepted_at == tonumber(ARGV[2]) then return {kept, 0} end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[3])
return {ARGV[1], (kept and not isReadable) and 1 or 0}`;

export type CompareJob = Job<ComparisonJob, ComparisonOutcome>;
export type ComparisonQueue = Queue<ComparisonJob, ComparisonOutcome>;

/**
 * Stores the evidence and the receipt and queues the webhook of a job that is about to end, and returns the outcome to end
 * it with: the one recorded first, if this is a second run. Safe to repeat.
 */
export async function finishJob(
  job: CompareJob,
  record: OutcomeRecord,
  deps: FinishDependencies,
): Promise<ComparisonOutcome> {
  const { redis, keys, retentionSeconds } = deps;
  const recorded = await recordOutcome(job, record, deps);
  const { evidence, receipt } = recorded;
  const jobId = job.id ?? '';
  if (evidence) await redis.set(keys.evidence(jobId), JSON.stringify(evidence), 'EX', retentionSeconds);
  if (receipt) await redis.set(keys.receipt(jobId), receipt, 'EX', retentionSeconds);
  await enqueueWebhook(job, recorded, deps);
  return recorded.outcome;
}

/**
 * Records the outcome of a job and returns the one recorded first, which differs if an earlier run got this far. Without
 * a callback, evidence and a receipt nobody learns an outcome before BullMQ stores it, so nothing is recorded.
 */
export async function recordOutcome(
  job: CompareJob,
  { outcome, evidence, receipt }: OutcomeRecord,
  deps: FinishDependencies,
): Promise<OutcomeRecord> {
  const { callback_url: url, evidence: showsEvidence, accepted_at: acceptedAt } = job.data;
  const record: OutcomeRecord = { outcome, receipt, ...(showsEvidence ? { evidence } : {}) };
  if (!url && !showsEvidence && !job.data.receipt) return record;
  const [text, overwritten] = (await deps.redis.eval(
    WRITE_FIRST_OUTCOME,
    1,
    deps.keys.outcome(job.id ?? ''),
    writeOutcomeRecord(record, acceptedAt),
    acceptedAt,
    deps.retentionSeconds,
  )) as [string, number];
  if (overwritten === 1)
    deps.logger.error({ job_id: job.id, record: 'outcome' }, 'overwrote a record that cannot be read');
  return readOutcomeRecord(text, acceptedAt) ?? record;
}

/** Queues the webhook of a job that has ended or is about to. Only the first call has an effect. */
export async function enqueueWebhook(
  job: CompareJob,
  record: OutcomeRecord,
  deps: FinishDependencies,
): Promise<void> {
  const { callback_url: url, tenant } = job.data;
  if (!url) return;
  const view = createJobView({
    jobId: job.id ?? '',
    job: job.data,
    createdAt: job.timestamp,
    startedAt: job.processedOn,
    finishedAt: job.finishedOn ?? deps.clock.now(),
    attempts: Math.max(1, job.attemptsStarted),
    ...record,
  });
  await deps.webhooks.add({ view, url, tenant });
}

/**
 * Counts an ended job towards its batch and its tenant's quota, and drops its photos, image URLs and callback URL. If it
 * fails, the reconciler finds the URLs and repeats it.
 */
export async function stripJob(job: CompareJob, deps: FinishDependencies): Promise<void> {
  await noteBatchJobEnded(job.id ?? '', deps);
  const endedAt = job.finishedOn ?? deps.clock.now();
  await noteKept({ jobId: job.id ?? '', tenant: job.data.tenant, endedAt }, deps);
  await removePhotos(job.id ?? '', job.data, deps);
  const { images: _images, upload_id: _upload, callback_url: _url, ...rest } = job.data;
  await job.updateData(rest);
}
