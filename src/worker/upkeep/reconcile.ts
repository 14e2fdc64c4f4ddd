import { Queue } from 'bullmq';
import { LRUCache } from 'lru-cache';
import { ABANDONED, readOutcome } from '../../shared/contract/comparison-outcome.js';
import { createCancelledJobs } from '../../shared/queue/cancelled-jobs.js';
import type { FairQueue } from '../../shared/queue/fair-queue.js';
import { readOutcomeRecord } from '../../shared/queue/outcome-record.js';
import { MAX_STREAM_EVENTS } from '../../shared/queue/queue-settings.js';
import { removeForeignKey } from '../../shared/redis/broken-records.js';
import { isRedisReady } from '../../shared/redis/connect-redis.js';
import { logUnlessAway } from '../../shared/redis/report-outages.js';
import type { Logger } from '../../shared/runtime/logger.js';
import {
  type CompareJob,
  type ComparisonQueue,
  enqueueWebhook,
  recordOutcome,
  stripJob,
} from '../comparison/finish-job.js';
import { dropOldResults, type KeptResultsDependencies } from './kept-results.js';

const PAUSE_MS = 30_000;
/** Left alone: their own worker or API may still be at it, ms. */
const SETTLING_MS = 5_000;
/** Looked at again in the next pass, ms: workers note the end of a job by clocks of their own. */
const OVERLAP_MS = 120_000;
const EVENT_LIFETIME_MS = 60_000;
const BATCH = 1_000;
/** Failing steps and records that are remembered, so that each is logged once. */
const MAX_LOGGED = 10_000;
/** Errors of Redis that say nothing of the record, also where a script quotes them. */
const PASSING_REFUSALS =
  /\b(?:OOM|READONLY|MISCONF|NOREPLICAS|LOADING|BUSY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN)\b/;

export interface ReconcileDependencies extends KeptResultsDependencies {
  readonly fairQueue: Pick<FairQueue, 'tidy'>;
  readonly logger: Logger;
  /**
   * `webhook`: one was never queued. `strip`: URLs outlived their job. `lock`: a job is active without a lock. `failed`: a
   * step or a record that could not be read was passed over.
   */
  readonly count: (what: 'webhook' | 'strip' | 'lock' | 'failed') => void;
}

export interface Reconciler {
  /** One pass, whoever holds the lock. */
  run(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Does what crashes left undone and what BullMQ does not do by itself: queues webhooks that were never queued, drops
 * URLs of ended jobs, keeps the order among tenants, removes what is older than the retention, also on an idle queue. One
 * worker of a pack at a time.
 */
export function startReconciler(deps: ReconcileDependencies): Reconciler {
  const queue: ComparisonQueue = new Queue(deps.keys.queueName, {
    connection: deps.redis,
    prefix: deps.keys.prefix,
    streams: { events: { maxLen: MAX_STREAM_EVENTS } },
  });
  const onError = logUnlessAway(deps.redis, deps.logger, 'reconciler');
  queue.on('error', onError);
  const attempt = createAttempts(deps);
  const run = async (): Promise<void> => {
    await attempt('leftovers', () => finishLeftovers(queue, deps, attempt));
    await attempt('cancelled jobs', () => enqueueCancelledWebhooks(queue, deps, attempt));
    await attempt('lost locks', () => countLostLocks(queue, deps));
    for (const order of [deps.fairQueue, deps.webhooks.order])
      await attempt('order', () => order.tidy(deps.clock.now() - SETTLING_MS));
    await removeExpired(queue, deps, attempt);
    await attempt('kept results', () => dropOldResults(queue, deps, (drop) => attempt('kept result', drop)));
  };
  const runAlone = async (): Promise<void> => {
    const key = deps.keys.reconcileLock;
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
async function finishLeftovers(
  queue: ComparisonQueue,
  deps: ReconcileDependencies,
  attempt: Attempt,
): Promise<void> {
  const markKey = deps.keys.reconciledUntil;
  const since = Number((await deps.redis.get(markKey)) ?? 0) - OVERLAP_MS;
  const until = deps.clock.now() - SETTLING_MS;
  let isRefused = false;
  for (const state of ['completed', 'failed'] as const) {
    for (let offset = 0; ; offset += BATCH) {
      const key = queue.toKey(state);
      const ids = await deps.redis.zrangebyscore(key, since, until, 'LIMIT', offset, BATCH);
      for (const jobId of await findUnstripped(ids, queue, deps)) {
        const end = await attempt(jobId, async () => {
          const job = await queue.getJob(jobId);
          if (job) await finishLeftover(job, deps);
        });
        isRefused ||= end === 'refused';
      }
      if (ids.length < BATCH) break;
    }
  }
  // What Redis refused is to be found again, however long that lasts.
  if (!isRefused) await deps.redis.set(markKey, until);
}

/** Returns those of these jobs that still hold a URL or cannot be read. */
async function findUnstripped(
  ids: readonly string[],
  queue: ComparisonQueue,
  { redis }: ReconcileDependencies,
): Promise<readonly string[]> {
  const pipeline = redis.pipeline();
  for (const jobId of ids) pipeline.hget(queue.toKey(jobId), 'data');
  const replies = (await pipeline.exec()) ?? [];
  return ids.filter((_id, index) => {
    const [error, data] = replies[index] ?? [];
    return error || /"(?:images|callback_url)":/.test(String(data));
  });
}

async function finishLeftover(job: CompareJob, deps: ReconcileDependencies): Promise<void> {
  if (job.data.callback_url) {
    const text = await deps.redis.get(deps.keys.outcome(job.id ?? ''));
    const recorded = readOutcomeRecord(text, job.data.accepted_at);
    const outcome = job.returnvalue ? readOutcome(job.returnvalue) : ABANDONED;
    await enqueueWebhook(job, recorded ?? (await recordOutcome(job, { outcome }, deps)), deps);
    deps.count('webhook');
  }
  await stripJob(job, deps);
  deps.count('strip');
  deps.logger.warn({ job_id: job.id }, 'finished what a crash had left undone');
}

/** An API that died between taking a job out and queueing its webhook left the record of the job listed. */
async function enqueueCancelledWebhooks(
  queue: ComparisonQueue,
  deps: ReconcileDependencies,
  attempt: Attempt,
): Promise<void> {
  const cancelledJobs = createCancelledJobs(deps);
  for (const jobId of await cancelledJobs.listUnfinished(deps.clock.now() - SETTLING_MS)) {
    await attempt(jobId, async () => {
      const record = await cancelledJobs.read(jobId);
      if (!record) return cancelledJobs.drop(jobId);
      const { callback_url: url, tenant, view } = record;
      if (url && !(await queue.getJob(jobId))) {
        await deps.webhooks.add({ view, url, tenant });
        deps.count('webhook');
      }
      await cancelledJobs.conclude(record);
    });
  }
}

async function countLostLocks(queue: ComparisonQueue, deps: ReconcileDependencies): Promise<void> {
  for (const jobId of await deps.redis.lrange(queue.toKey('active'), 0, BATCH - 1)) {
    if ((await deps.redis.exists(`${queue.toKey(jobId)}:lock`)) === 0) deps.count('lock');
  }
}

async function removeExpired(
  queue: ComparisonQueue,
  deps: ReconcileDependencies,
  attempt: Attempt,
): Promise<void> {
  const ageMs = deps.retentionSeconds * 1_000;
  for (const state of ['completed', 'failed'] as const) {
    for (const each of [queue, deps.webhooks.queue]) {
      const where = `${state} of ${each.name}`;
      await attempt(`unreadable ${where}`, () => removeUnreadable(each, state, deps));
      await attempt(where, async () => {
        while ((await each.clean(ageMs, BATCH, state)).length === BATCH);
      });
    }
  }
  // Waiters need an event for a second; the results in the stream must not outlive their jobs.
  for (const stream of [queue.toKey('events'), deps.webhooks.queue.toKey('events')]) {
    await attempt(stream, async () => {
      await deps.redis.xtrim(stream, 'MINID', deps.clock.now() - EVENT_LIFETIME_MS);
    });
  }
}

/** Removes expired jobs whose key holds no hash: BullMQ's own cleaning breaks off at the first. */
async function removeUnreadable(
  queue: { toKey(name: string): string },
  state: 'completed' | 'failed',
  { redis, retentionSeconds, count }: ReconcileDependencies,
): Promise<void> {
  const until = Date.now() - retentionSeconds * 1_000;
  const ids = await redis.zrangebyscore(queue.toKey(state), '-inf', until, 'LIMIT', 0, BATCH);
  for (const jobId of ids) {
    if (await removeForeignKey(queue, jobId, redis)) count('failed');
  }
}

/**
 * Does one step, or the work on one record; a failure is counted and logged, and the next one has its turn. `refused`: it
 * may succeed later, for Redis is full or takes no writes now.
 */
type Attempt = (what: string, work: () => Promise<void>) => Promise<'done' | 'failed' | 'refused'>;

/** Each failing thing is logged once. Without Redis nothing can be done, so that failure ends the pass. */
function createAttempts({ redis, logger, count }: ReconcileDependencies): Attempt {
  const logged = new LRUCache<string, true>({ max: MAX_LOGGED });
  return async (what, work) => {
    try {
      await work();
      return 'done';
    } catch (error) {
      if (!isRedisReady(redis)) throw error;
      count('failed');
      // BullMQ's errors quote what they could not read.
      const { name, message } = error instanceof Error ? error : new Error();
      if (!logged.has(what))
        logger.error({ what, error: name }, 'the reconciler passed over what it cannot do');
      logged.set(what, true);
      return PASSING_REFUSALS.test(message) ? 'refused' : 'failed';
    }
  };
}
