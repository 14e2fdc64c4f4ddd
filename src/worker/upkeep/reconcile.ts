import { Queue } from 'bullmq';
import { LRUCache } from 'lru-cache';
import { ABANDONED, readOutcome } from '../../shared/contract/comparison-outcome.js';
import { createCancelledJobs } from '../../shared/queue/cancelled-jobs.js';
import type { FairQueue } from '../../shared/queue/fair-queue.js';
import { readOutcomeRecord } from '../../shared/queue/outcome-record.js';
import { MAX_STREAM_EVENTS } from '../../shared/queue/queue-settings.js';
import { readPayloads } from '../../shared/queue/read-payloads.js';
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
import { dropLostPhotos } from './drop-lost-photos.js';
import { finishOpenBatches } from './finish-open-batches.js';
import { dropOldResults, type KeptResultsDependencies } from './kept-results.js';

const PAUSE_MS = 30_000;
/** Younger jobs are skipped, because their own worker or API may still be finishing them, ms. */
const SETTLING_MS = 5_000;
/** Overlap of two passes, ms: workers record the end of a job by their own clocks. */
const OVERLAP_MS = 120_000;
const EVENT_LIFETIME_MS = 60_000;
const BATCH = 1_000;
/** Most failing steps and records remembered, so that each is logged once. */
const MAX_LOGGED = 10_000;
/** Errors of Redis that are not caused by the record, also when a script quotes them. */
const TRANSIENT_REFUSALS =
  /\b(?:OOM|READONLY|MISCONF|NOREPLICAS|LOADING|BUSY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN)\b/;

export interface ReconcileDependencies extends KeptResultsDependencies {
  readonly fairQueue: Pick<FairQueue, 'tidy'>;
  readonly logger: Logger;
  /**
   * `webhook`: a missing webhook was queued. `strip`: URLs were dropped after their job. `batch`: a batch was filled or
   * finished. `lock`: a job is active without a lock. `failed`: a step failed or a record could not be read; it was skipped.
   */
  readonly count: (what: 'webhook' | 'strip' | 'batch' | 'lock' | 'failed') => void;
}

export interface Reconciler {
  /** Runs one pass without taking the lock. */
  run(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Finishes what crashes left undone, and what BullMQ does not do on its own: queues missing webhooks, drops URLs of ended
 * jobs, fills and finishes batches, tidies the order among tenants, and removes results after the retention even on an idle
 * queue, and photos that no job needs. One worker of a pack does this at a time.
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
    await attempt('batches', () => finishOpenBatches(queue, deps, attempt));
    await attempt('cancelled jobs', () => enqueueCancelledWebhooks(queue, deps, attempt));
    await attempt('lost locks', () => countLostLocks(queue, deps));
    for (const order of [deps.fairQueue, deps.webhooks.order])
      await attempt('order', () => order.tidy(deps.clock.now() - SETTLING_MS));
    await removeExpired(queue, deps, attempt);
    await attempt('kept results', () => dropOldResults(queue, deps, (drop) => attempt('kept result', drop)));
    await attempt('lost photos', () => dropLostPhotos(queue, deps, attempt));
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
      // Without Redis the pass would never end; the next worker repeats it.
      if (isRedisReady(deps.redis)) await pass;
      await queue.close();
    },
  };
}

/** Checks every job that ended since the last pass, however many there are. */
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
  // If Redis refused a write, the next pass must find these jobs again.
  if (!isRefused) await deps.redis.set(markKey, until);
}

/** Returns the jobs that still hold a URL or cannot be read. */
async function findUnstripped(
  ids: readonly string[],
  queue: ComparisonQueue,
  { redis }: ReconcileDependencies,
): Promise<readonly string[]> {
  const payloads = await readPayloads(ids, { redis, queue });
  return ids.filter((_id, place) => {
    const payload = payloads[place];
    return payload instanceof Error || /"(?:images|callback_url)":/.test(payload ?? '');
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
  deps.logger.warn({ job_id: job.id }, 'finished a job that a crash had left incomplete');
}

/** If an API died between removing a job and queueing its webhook, the job's record is still listed. */
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
  // Waiters need an event for a second only, and results in the stream must not outlive their jobs.
  for (const stream of [queue.toKey('events'), deps.webhooks.queue.toKey('events')]) {
    await attempt(stream, async () => {
      await deps.redis.xtrim(stream, 'MINID', deps.clock.now() - EVENT_LIFETIME_MS);
    });
  }
}

/** Removes expired jobs whose key is not a hash: BullMQ's own cleaning stops at the first one. */
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
 * Runs one step, or the work on one record. A failure is counted and logged, and the next step follows. `refused`: it may
 * succeed later, because Redis is full or accepts no writes at the moment.
 */
type Attempt = (what: string, work: () => Promise<void>) => Promise<'done' | 'failed' | 'refused'>;

/** Logs each failure once. Without Redis nothing can be done, so an outage ends the pass. */
function createAttempts({ redis, logger, count }: ReconcileDependencies): Attempt {
  const logged = new LRUCache<string, true>({ max: MAX_LOGGED });
  return async (what, work) => {
    try {
      await work();
      return 'done';
    } catch (error) {
      if (!isRedisReady(redis)) throw error;
      count('failed');
      // Only the name: messages of BullMQ quote the data that could not be read.
      const { name, message } = error instanceof Error ? error : new Error();
      if (!logged.has(what)) logger.error({ what, error: name }, 'the reconciler skipped a step that failed');
      logged.set(what, true);
      return TRANSIENT_REFUSALS.test(message) ? 'refused' : 'failed';
    }
  };
}
