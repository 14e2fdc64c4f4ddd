import type { Job, Queue } from 'bullmq';
import type { ComparisonOutcome } from '../../shared/contract/comparison-outcome.js';
import { createJobView } from '../../shared/contract/job-view.js';
import type { ComparisonJob } from '../../shared/queue/comparison-job.js';
import { type Ending, readEnding, writeEnding } from '../../shared/queue/endings.js';
import { noteKept } from '../../shared/queue/kept-index.js';
import type { Keyspace } from '../../shared/queue/keyspace.js';
import type { RedisConnection } from '../../shared/redis/connect-redis.js';
import type { RedisClock } from '../../shared/redis/redis-clock.js';
import type { Logger } from '../../shared/runtime/logger.js';
import type { WebhookQueue } from '../../shared/webhooks/webhook-queue.js';

export interface FinishDependencies {
  readonly redis: RedisConnection;
  readonly clock: RedisClock;
  readonly keys: Keyspace;
  readonly retentionSeconds: number;
  readonly webhooks: WebhookQueue;
  readonly logger: Logger;
}

/**
 * Keeps an ending unless this very job has one, in one step: two runs of it may end at once. One that cannot be read is
 * overwritten, and the second value is 1.
 */
const KEEP_FIRST = `
local kept = redis.pcall('GET', KEYS[1])
local isJson, ending = pcall(cjson.decode, kept)
local isReadable = isJson and type(ending) == 'table'
if isReadable and ending.accepted_at == tonumber(ARGV[2]) then return {kept, 0} end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[3])
return {ARGV[1], (kept and not isReadable) and 1 or 0}`;

export type CompareJob = Job<ComparisonJob, ComparisonOutcome>;
export type ComparisonQueue = Queue<ComparisonJob, ComparisonOutcome>;

/**
 * Keeps the evidence and queues the webhook of a job that is about to end, and returns the outcome to end it with: the
 * first one that was ever told, should this be a second run. Safe to repeat.
 */
export async function finishJob(
  job: CompareJob,
  ending: Ending,
  deps: FinishDependencies,
): Promise<ComparisonOutcome> {
  const { redis, keys, retentionSeconds } = deps;
  const told = await settleEnding(job, ending, deps);
  if (told.evidence) {
    const key = keys.evidence(job.id ?? '');
    await redis.set(key, JSON.stringify(told.evidence), 'EX', retentionSeconds);
  }
  await announceEnd(job, told, deps);
  return told.outcome;
}

/**
 * Returns how the job first ended, which is `ending` unless another run came before. Only what somebody is told beside
 * the result itself is kept, so a job without callback and evidence ends as BullMQ takes it.
 */
export async function settleEnding(
  job: CompareJob,
  ending: Ending,
  deps: FinishDependencies,
): Promise<Ending> {
  const { callback_url: url, evidence: showsEvidence } = job.data;
  const own: Ending = {
    outcome: ending.outcome,
    ...(showsEvidence && ending.outcome.ok ? { evidence: ending.evidence } : {}),
  };
  if (!url && !showsEvidence) return own;
  const { accepted_at: acceptedAt } = job.data;
  const key = deps.keys.ending(job.id ?? '');
  const text = writeEnding(own, acceptedAt);
  const [kept, overwritten] = (await deps.redis.eval(
    KEEP_FIRST,
    1,
    key,
    text,
    acceptedAt,
    deps.retentionSeconds,
  )) as [string, number];
  if (overwritten === 1)
    deps.logger.error({ job_id: job.id, record: 'ending' }, 'overwrote a record that cannot be read');
  return readEnding(kept, acceptedAt) ?? own;
}

/** Queues the webhook of an ended or ending job once, whoever calls first. */
export async function announceEnd(job: CompareJob, ending: Ending, deps: FinishDependencies): Promise<void> {
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
    evidence: ending.evidence,
  });
  await deps.webhooks.add({ view, url, tenant });
}

/** Counts an ended job to its tenant's quota and drops what it no longer needs: image URLs and where its webhook went. */
export async function stripJob(job: CompareJob, deps: FinishDependencies): Promise<void> {
  const endedAt = job.finishedOn ?? deps.clock.now();
  await noteKept({ jobId: job.id ?? '', tenant: job.data.tenant, endedAt }, deps);
  const { images: _images, callback_url: _url, ...rest } = job.data;
  await job.updateData(rest);
}
