import { Queue } from 'bullmq';
import { createCancelledJobs } from '../shared/cancelled-jobs.js';
import type { FairQueue } from '../shared/fair-queue.js';
import type { Logger } from '../shared/logger.js';
import {
  ABANDONED,
  type ComparisonJob,
  type ComparisonOutcome,
  compareQueueName,
  MAX_STREAM_EVENTS,
  readEnding,
  readOutcome,
  redisKeys,
} from '../shared/queue-contract.js';
import { queueWebhook } from '../shared/queue-webhook.js';
import { isRedisReady } from '../shared/redis.js';
import { logUnlessAway } from '../shared/report-outages.js';
import { createWebhookOrder } from '../shared/webhook-queue.js';
import {
  announceEnd,
  type CompareJob,
  type FinishDependencies,
  settleEnding,
  stripJob,
} from './finish-job.js';

const PAUSE_MS = 30_000;
/** Left alone: their own worker or API may still be at it, ms. */
const SETTLING_MS = 5_000;
/** Looked at again in the next pass, ms: workers note the end of a job by clocks of their own. */
const OVERLAP_MS = 120_000;
const EVENT_LIFETIME_MS = 60_000;
const BATCH = 1_000;

export interface ReconcileDependencies extends FinishDependencies {
  readonly fairQueue: Pick<FairQueue, 'tidy'>;
  readonly logger: Logger;
  /** `webhook`: one was never queued. `strip`: URLs outlived their job. `lock`: a job is active without a lock. */
  readonly count: (what: 'webhook' | 'strip' | 'lock') => void;
}

export interface Reconciler {
  /** One pass, whoever holds the lock. */
  run(): Promise<void>;
  stop(): Promise<void>;
}

type ComparisonQueue = Queue<ComparisonJob, ComparisonOutcome>;

/**
 * Does what crashes left undone and what BullMQ does not do by itself: queues webhooks that were never queued, drops
 * URLs of ended jobs, keeps the order among tenants, removes what is older than the retention, also on an idle queue. One
 * worker of a pack at a time.
 */
export function startReconciler(deps: ReconcileDependencies): Reconciler {
  const queue: ComparisonQueue = new Queue(compareQueueName(deps.model), {
    connection: deps.redis,
    prefix: deps.prefix,
    streams: { events: { maxLen: MAX_STREAM_EVENTS } },
  });
  const onError = logUnlessAway(deps.redis, deps.logger, 'reconciler');
  queue.on('error', onError);
  const run = async (): Promise<void> => {
    await finishLeftovers(queue, deps);
    await announceCancelled(queue, deps);
    await countLostLocks(queue, deps);
    for (const order of [deps.fairQueue, createWebhookOrder(deps.redis, deps.prefix)])
      await order.tidy(deps.clock.now() - SETTLING_MS);
    await removeExpired(queue, deps);
  };
  const runAlone = async (): Promise<void> => {
    const key = redisKeys.reconcileLock(deps.prefix, deps.model);
    if ((await deps.redis.set(key, '1', 'PX', PAUSE_MS - 1_000, 'NX')) === 'OK') await run();
  };
  let pass: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    pass = runAlone().catch(onError);
  }, PAUSE_MS);
  return {
    run,
    stop: async () => {
      clearInterval(timer);
      // A pass that waits for a Redis that is away is left to the next worker.
      if (isRedisReady(deps.redis)) await pass;
      await queue.close();
    },
  };
}

/** Goes through every job that ended since the last pass, however many those are. */
async function finishLeftovers(queue: ComparisonQueue, deps: ReconcileDependencies): Promise<void> {
  const markKey = redisKeys.reconciledUntil(deps.prefix, deps.model);
  const since = Number((await deps.redis.get(markKey)) ?? 0) - OVERLAP_MS;
  const until = deps.clock.now() - SETTLING_MS;
  for (const state of ['completed', 'failed'] as const) {
    for (let offset = 0; ; offset += BATCH) {
      const key = queue.toKey(state);
      const ids = await deps.redis.zrangebyscore(key, since, until, 'LIMIT', offset, BATCH);
      for (const jobId of await findUnstripped(ids, queue, deps)) {
        const job = await queue.getJob(jobId);
        if (job) await finishLeftover(job, deps);
      }
      if (ids.length < BATCH) break;
    }
  }
  await deps.redis.set(markKey, until);
}

/** Returns those of these jobs that still hold a URL. */
async function findUnstripped(
  ids: readonly string[],
  queue: ComparisonQueue,
  { redis }: ReconcileDependencies,
): Promise<readonly string[]> {
  const pipeline = redis.pipeline();
  for (const jobId of ids) pipeline.hget(queue.toKey(jobId), 'data');
  const replies = (await pipeline.exec()) ?? [];
  return ids.filter((_id, index) => /"(?:images|callback_url)":/.test(String(replies[index]?.[1])));
}

async function finishLeftover(job: CompareJob, deps: ReconcileDependencies): Promise<void> {
  if (job.data.callback_url) {
    const text = await deps.redis.get(redisKeys.ending(deps.prefix, job.id ?? ''));
    const kept = readEnding(text, job.data.accepted_at);
    const outcome = job.returnvalue ? readOutcome(job.returnvalue) : ABANDONED;
    await announceEnd(job, kept ?? (await settleEnding(job, { outcome }, deps)), deps);
    deps.count('webhook');
  }
  await stripJob(job);
  deps.count('strip');
  deps.logger.warn({ job_id: job.id }, 'finished what a crash had left undone');
}

/** An API that died between taking a job out and queueing its webhook left the record of the job listed. */
async function announceCancelled(queue: ComparisonQueue, deps: ReconcileDependencies): Promise<void> {
  const { model, retentionSeconds } = deps;
  const cancelledJobs = createCancelledJobs(deps);
  for (const jobId of await cancelledJobs.listUnfinished(deps.clock.now() - SETTLING_MS)) {
    const record = await cancelledJobs.read(jobId);
    if (!record) await cancelledJobs.drop(jobId);
    if (!record) continue;
    const { callback_url: url, tenant, view } = record;
    if (url && !(await queue.getJob(jobId))) {
      await queueWebhook(deps, { view, url, tenant, model, retentionSeconds });
      deps.count('webhook');
    }
    await cancelledJobs.conclude(record);
  }
}

async function countLostLocks(queue: ComparisonQueue, deps: ReconcileDependencies): Promise<void> {
  for (const job of await queue.getActive(0, BATCH - 1)) {
    const locked = job?.id ? await deps.redis.exists(`${queue.toKey(job.id)}:lock`) : 1;
    if (locked === 0) deps.count('lock');
  }
}

async function removeExpired(queue: ComparisonQueue, deps: ReconcileDependencies): Promise<void> {
  const ageMs = deps.retentionSeconds * 1_000;
  for (const state of ['completed', 'failed'] as const) {
    for (const each of [queue, deps.webhookQueue]) {
      while ((await each.clean(ageMs, BATCH, state)).length === BATCH);
    }
  }
  // Waiters need an event for a second; the results in the stream must not outlive their jobs.
  for (const stream of [queue.toKey('events'), deps.webhookQueue.toKey('events')]) {
    await deps.redis.xtrim(stream, 'MINID', deps.clock.now() - EVENT_LIFETIME_MS);
  }
}
