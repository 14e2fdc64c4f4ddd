import type { Worker } from 'bullmq';
import { ABANDONED, type ComparisonOutcome } from '../../shared/contract/comparison-outcome.js';
import type { ComparisonJob } from '../../shared/queue/comparison-job.js';
import {
  LOCK_DURATION_MS,
  MAX_STALLED_COUNT,
  STALLED_INTERVAL_MS,
} from '../../shared/queue/queue-settings.js';
import { ReadableWorker } from '../../shared/queue/readable-queue.js';
import { logUnlessAway } from '../../shared/redis/report-outages.js';
import { type CompareJob, enqueueWebhook, recordOutcome, stripJob } from './finish-job.js';
import type { AbortReason } from './job-error.js';
import { raiseConcurrency } from './raise-concurrency.js';
import { type RunDependencies, type RunningJobs, runJob } from './run-job.js';

// States of a comparison:
//   queued → active → ended    it returned an outcome, whatever that outcome is
//                   → queued   a transient failure is retried (RetryLater); its tenant has used up its share of slow
//                              jobs (DelayedError); this worker stops (WaitingError) or has lost the job's lock
//                   → ended    BullMQ fails a job that lost its lock MAX_STALLED_COUNT times; reported as ABANDONED

export interface ComparisonWorkerDependencies extends RunDependencies {
  /** Jobs at a time, not counting those that wait for slow hosts. */
  readonly concurrency: number;
  /** Called when a job lost its worker and was queued again. */
  readonly onStalled: () => void;
  /** Called when a job was given up: it lost its worker too often, or a bug broke it. */
  readonly onAbandoned: () => void;
}

export interface ComparisonWorker {
  /** Stops a running comparison between two steps; false if it does not run here. */
  abort(jobId: string, reason: AbortReason): boolean;
  /** True while no comparison runs here. */
  isIdle(): boolean;
  /** Takes no more jobs, gives running ones `graceMs` and returns the rest to the queue. */
  close(graceMs: number): Promise<void>;
}

/** Starts to take comparisons from the queue. */
export function createComparisonWorker(deps: ComparisonWorkerDependencies): ComparisonWorker {
  const running: RunningJobs = new Map();
  const worker = new ReadableWorker<ComparisonJob, ComparisonOutcome>(
    deps.keys.queueName,
    (job, token) => runJob(job, { token, running, deps }),
    {
      connection: deps.redis,
      prefix: deps.keys.prefix,
      concurrency: deps.concurrency,
      lockDuration: LOCK_DURATION_MS,
      stalledInterval: STALLED_INTERVAL_MS,
      maxStalledCount: MAX_STALLED_COUNT,
      removeOnComplete: { age: deps.retentionSeconds },
      removeOnFail: { age: deps.retentionSeconds },
    },
  );
  handleTrouble(worker, running, deps);
  handleEnds(worker, deps);
  raiseConcurrency(worker, {
    base: deps.concurrency,
    slowJobs: deps.resources.slowJobs,
    running: () => running.size,
  });

  return {
    abort: (jobId, reason) => {
      const abort = running.get(jobId);
      abort?.(reason);
      return abort !== undefined;
    },
    isIdle: () => running.size === 0,
    close: async (graceMs) => {
      const handBack = setTimeout(() => {
        for (const abort of running.values()) abort('shutdown');
      }, graceMs);
      await worker.close();
      clearTimeout(handBack);
    },
  };
}

type BullWorker = Worker<ComparisonJob, ComparisonOutcome>;

/** Logs errors and lost locks, and stops a job here once another worker may run it. */
function handleTrouble(worker: BullWorker, running: RunningJobs, deps: ComparisonWorkerDependencies): void {
  const { logger, redis } = deps;
  worker.on('error', logUnlessAway(redis, logger, 'comparison worker'));
  worker.on('stalled', (jobId) => {
    deps.onStalled();
    logger.warn({ job_id: jobId }, 'job lost its worker and is queued again');
  });
  worker.on('lockRenewalFailed', (jobIds) => {
    for (const jobId of jobIds) {
      logger.warn({ job_id: jobId }, 'lost the lock of a job; another worker runs it');
      running.get(jobId)?.('lost');
    }
  });
}

/** Removes what an ended job no longer needs, and reports jobs that BullMQ gave up. */
function handleEnds(worker: BullWorker, deps: ComparisonWorkerDependencies): void {
  const { logger } = deps;
  const endAbandoned = async (job: CompareJob): Promise<void> => {
    await enqueueWebhook(job, await recordOutcome(job, { outcome: ABANDONED }, deps), deps);
    await stripJob(job, deps);
  };
  const logFailure = (error: unknown): void =>
    logger.warn({ err: error }, 'could not clean up after a job; the reconciler will');
  const endCompleted = async (job: CompareJob): Promise<void> => {
    // Takes over the photos, which would otherwise be removed now.
    await deps.shadow.offer(job);
    await stripJob(job, deps);
  };
  worker.on('completed', (job) => void endCompleted(job).catch(logFailure));
  worker.on('failed', (job, error) => {
    if (!job?.finishedOn) return;
    deps.onAbandoned();
    logger.error({ job_id: job.id, err: error, code: 'internal' }, 'job given up');
    endAbandoned(job).catch(logFailure);
  });
}
