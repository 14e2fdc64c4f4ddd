import { Queue } from 'bullmq';
import type { Logger } from '../shared/logger.js';
import {
  ABANDONED,
  type ComparisonJob,
  type ComparisonOutcome,
  compareQueueName,
  MAX_STREAM_EVENTS,
  readOutcome,
  redisKeys,
} from '../shared/queue-contract.js';
import { announceEnd, type CompareJob, type FinishDependencies, stripJob } from './finish-job.js';

const PAUSE_MS = 30_000;
/** Jobs that ended earlier than this have been looked at before, ms. */
const LOOK_BACK_MS = 600_000;
/** Left alone: their own worker may still be at it, ms. */
const SETTLING_MS = 5_000;
const EVENT_LIFETIME_MS = 60_000;
const BATCH = 1_000;

export interface ReconcileDependencies extends FinishDependencies {
  readonly logger: Logger;
  /** `webhook`: one was never queued. `strip`: URLs outlived their job. `lock`: a job is active without a lock. */
  readonly count: (what: 'webhook' | 'strip' | 'lock') => void;
}

export interface Reconciler {
  /** One pass, whoever holds the lock. */
  run(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Does what crashes left undone and what BullMQ does not do by itself: queues webhooks that were never queued, drops
 * URLs of ended jobs, removes what is older than the retention, also on an idle queue. One worker of a pack at a time.
 */
export function startReconciler(deps: ReconcileDependencies): Reconciler {
  const queue = new Queue<ComparisonJob, ComparisonOutcome>(compareQueueName(deps.model), {
    connection: deps.redis,
    prefix: deps.prefix,
    streams: { events: { maxLen: MAX_STREAM_EVENTS } },
  });
  queue.on('error', (error) => deps.logger.warn({ err: error }, 'reconciler connection'));
  const run = async (): Promise<void> => {
    await finishLeftovers(queue, deps);
    await countLostLocks(queue, deps);
    await removeExpired(queue, deps);
  };
  const runAlone = async (): Promise<void> => {
    const key = redisKeys.reconcileLock(deps.prefix, deps.model);
    if ((await deps.redis.set(key, '1', 'PX', PAUSE_MS - 1_000, 'NX')) === 'OK') await run();
  };
  let pass: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    pass = runAlone().catch((error) => deps.logger.warn({ err: error }, 'reconciler'));
  }, PAUSE_MS);
  return {
    run,
    stop: async () => {
      clearInterval(timer);
      await pass;
      await queue.close();
    },
  };
}

async function finishLeftovers(
  queue: Queue<ComparisonJob, ComparisonOutcome>,
  deps: ReconcileDependencies,
): Promise<void> {
  const now = deps.clock.now();
  const jobs = await queue.getJobs(['completed', 'failed'], 0, BATCH - 1);
  for (const job of jobs) {
    const age = now - (job?.finishedOn ?? now);
    if (job && age > SETTLING_MS && age < LOOK_BACK_MS) await finishLeftover(job, deps);
  }
}

async function finishLeftover(job: CompareJob, deps: ReconcileDependencies): Promise<void> {
  if (!job.data.images && !job.data.callback_url) return;
  if (job.data.callback_url) {
    const outcome = job.returnvalue ? readOutcome(job.returnvalue) : ABANDONED;
    const kept = await deps.redis.get(redisKeys.evidence(deps.prefix, job.id ?? ''));
    await announceEnd(job, { outcome, evidence: kept === null ? undefined : JSON.parse(kept) }, deps);
    deps.count('webhook');
  }
  await stripJob(job);
  deps.count('strip');
  deps.logger.warn({ job_id: job.id }, 'finished what a crash had left undone');
}

async function countLostLocks(
  queue: Queue<ComparisonJob, ComparisonOutcome>,
  deps: ReconcileDependencies,
): Promise<void> {
  for (const job of await queue.getActive(0, BATCH - 1)) {
    const locked = job?.id ? await deps.redis.exists(`${queue.toKey(job.id)}:lock`) : 1;
    if (locked === 0) deps.count('lock');
  }
}

async function removeExpired(
  queue: Queue<ComparisonJob, ComparisonOutcome>,
  deps: ReconcileDependencies,
): Promise<void> {
  const ageMs = deps.retentionSeconds * 1_000;
  for (const state of ['completed', 'failed'] as const) {
    await queue.clean(ageMs, BATCH, state);
    await deps.webhookQueue.clean(ageMs, BATCH, state);
  }
  // Waiters need an event for a second; the results in the stream must not outlive their jobs.
  for (const stream of [queue.toKey('events'), deps.webhookQueue.toKey('events')]) {
    await deps.redis.xtrim(stream, 'MINID', deps.clock.now() - EVENT_LIFETIME_MS);
  }
}
