import { DelayedError, WaitingError, type Worker } from 'bullmq';
import type { ImageName } from '../../shared/contract/compare-request.js';
import { ABANDONED, type ComparisonOutcome } from '../../shared/contract/comparison-outcome.js';
import { VerificationError } from '../../shared/errors.js';
import { type ComparisonJob, comparisonJobSchema, JOB_VERSION } from '../../shared/queue/comparison-job.js';
import type { FairQueue } from '../../shared/queue/fair-queue.js';
import {
  LOCK_DURATION_MS,
  MAX_STALLED_COUNT,
  STALLED_INTERVAL_MS,
} from '../../shared/queue/queue-settings.js';
import { ReadableWorker } from '../../shared/queue/readable-queue.js';
import { logUnlessAway } from '../../shared/redis/report-outages.js';
import { isUnexpected } from '../../shared/runtime/logger.js';
import { wasTooSlow } from '../images/fetch-failure.js';
import { hostOf, openJobLane, type SharedParts } from '../sharing/job-lane.js';
import { widenForSlowJobs } from '../sharing/widen-worker.js';
import {
  type Verification,
  type VerificationDependencies,
  type VerificationRules,
  verifyPerson,
} from '../verification/verify-person.js';
import {
  announceEnd,
  type CompareJob,
  type FinishDependencies,
  finishJob,
  settleEnding,
  stripJob,
} from './finish-job.js';
import { insist } from './insist.js';
import { type AbortReason, ComparisonAborted, failureOfError, RetryLater } from './job-error.js';
import { type ReportDependencies, reportComparison } from './report-comparison.js';
import { traceComparison } from './trace-comparison.js';

/** A retry is only worth starting when this much of the job's time is left, ms. */
const MIN_TIME_FOR_RETRY_MS = 3_000;

export interface CompareWorkerDependencies extends FinishDependencies, ReportDependencies {
  readonly verification: VerificationRules;
  readonly shared: SharedParts;
  readonly fairQueue: FairQueue;
  /** Jobs at a time, those that wait for slow hosts not counted. */
  readonly concurrency: number;
  /** A job was put back because its tenant has its share of slow jobs. */
  readonly onPostponed: () => void;
  readonly onStalled: () => void;
  /** A job was given up: its worker was lost too often, or a bug broke it. */
  readonly onAbandoned: () => void;
}

export interface CompareWorker {
  /** Stops a running comparison between two steps; false when it does not run here. */
  abort(jobId: string, reason: AbortReason): boolean;
  /** No comparison runs here. */
  isIdle(): boolean;
  /** Takes no more jobs, gives running ones `graceMs` and hands the rest back to the queue. */
  close(graceMs: number): Promise<void>;
}

/*
 * A comparison's states: queued → active → ended. It ends by a returned outcome, whatever that says. It goes back to
 * queued when a passing failure is to be retried (RetryLater), when its tenant has its share of slow jobs
 * (DelayedError), when this worker stops (WaitingError), or when this worker loses its lock. BullMQ ends it as failed
 * after MAX_STALLED_COUNT lost locks; that is told as ABANDONED.
 */

/** How to stop each comparison that runs here, by job id. */
type RunningJobs = Map<string, (reason: AbortReason) => void>;

/** Starts to take comparisons from the queue. */
export function createCompareWorker(deps: CompareWorkerDependencies): CompareWorker {
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
  followJobs(worker, running, deps);
  widenForSlowJobs(worker, {
    base: deps.concurrency,
    slowJobs: deps.shared.slowJobs,
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

/** Clears away after each job that has ended, and tells of those that are in trouble. */
function followJobs(
  worker: Worker<ComparisonJob, ComparisonOutcome>,
  running: RunningJobs,
  deps: CompareWorkerDependencies,
): void {
  const { logger } = deps;
  const clean = async (job: CompareJob, abandoned: boolean): Promise<void> => {
    if (abandoned) await announceEnd(job, await settleEnding(job, { outcome: ABANDONED }, deps), deps);
    await stripJob(job, deps);
  };
  const leave = (error: unknown): void => logger.warn({ err: error }, 'left to the reconciler');
  worker.on('error', logUnlessAway(deps.redis, logger, 'comparison worker'));
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
  worker.on('completed', (job) => void clean(job, false).catch(leave));
  worker.on('failed', (job, error) => {
    if (!job?.finishedOn) return;
    deps.onAbandoned();
    logger.error({ job_id: job.id, err: error, code: 'internal' }, 'job given up');
    clean(job, true).catch(leave);
  });
}

interface RunContext {
  readonly token: string | undefined;
  readonly running: RunningJobs;
  readonly deps: CompareWorkerDependencies;
}

async function runJob(job: CompareJob, context: RunContext): Promise<ComparisonOutcome> {
  await postponeForOthers(job, context);
  const { token, running, deps } = context;
  const startedAt = performance.now();
  const jobId = job.id ?? '';
  const controller = new AbortController();
  const abort = (reason: AbortReason): void => controller.abort(new ComparisonAborted(reason));
  running.set(jobId, abort);
  keepOrder(job, deps);
  const lane = openJobLane({ tenant: job.data.tenant, urgent: job.data.sync }, deps.shared);
  try {
    const steps: VerificationDependencies = { ...deps.verification, ...lane };
    const { outcome, verification } = await traceComparison(job, steps, (traced) =>
      compare(job, controller, { deps, steps: traced }),
    );
    if (mayRetry(job, outcome, deps)) throw new RetryLater(outcome);
    const ending = { outcome, evidence: verification?.evidence };
    const told = await insist(() => finishJob(job, ending, deps), {
      signal: controller.signal,
      onFailure: (error) => deps.logger.warn({ err: error, job_id: jobId }, 'result not written yet'),
    });
    reportComparison(job, { outcome: told, verification, startedAt }, deps);
    return told;
  } catch (error) {
    if (error instanceof ComparisonAborted && error.reason === 'shutdown') {
      await job.moveToWait(token);
      throw new WaitingError();
    }
    throw error;
  } finally {
    lane.end();
    // After a lost lock the same job may be running here again.
    if (running.get(jobId) === abort) running.delete(jobId);
  }
}

/**
 * Puts a job back for a while when its tenant has its share of slow jobs; its deadline stays. It was not begun, so
 * neither the fair order nor the count of attempts learns of it.
 */
async function postponeForOthers(job: CompareJob, { token, deps }: RunContext): Promise<void> {
  const { tenant, images, deadline_at: deadlineAt } = job.data;
  const hosts = Object.values(images ?? {}).map(hostOf);
  const waitMs = deps.shared.slowJobs.waitFor({ tenant, hosts });
  const leftMs = deadlineAt - deps.clock.now();
  if (waitMs === undefined || !(leftMs > 0)) return;
  // BullMQ has counted this as a start (`ats`), which callers read as an attempt.
  await deps.redis.hincrby(`${deps.keys.prefix}:${deps.keys.queueName}:${job.id}`, 'ats', -1);
  await job.moveToDelayed(Date.now() + Math.min(waitMs, leftMs), token);
  deps.onPostponed();
  throw new DelayedError();
}

interface Compared {
  readonly outcome: ComparisonOutcome;
  readonly verification?: Verification;
}

/** Everything a comparison can end in, as an outcome. Rejects only to hand the job back. */
async function compare(
  job: CompareJob,
  controller: AbortController,
  { deps, steps }: { readonly deps: CompareWorkerDependencies; readonly steps: VerificationDependencies },
): Promise<Compared> {
  let timer: NodeJS.Timeout | undefined;
  try {
    const payload = readPayload(job.data);
    const leftMs = payload.deadline_at - deps.clock.now();
    if (leftMs <= 0) throw new VerificationError('deadline_exceeded');
    timer = setTimeout(
      () => controller.abort(new ComparisonAborted('deadline')),
      Math.min(leftMs, 2 ** 31 - 1),
    );
    const request = { images: payload.images, threshold: payload.threshold, minMatches: payload.min_matches };
    const verification = await verifyPerson(request, steps, controller.signal);
    return { outcome: verification.outcome, verification };
  } catch (error) {
    if (!(error instanceof ComparisonAborted)) {
      if (isUnexpected(error)) deps.logger.error({ err: error, job_id: job.id }, 'unexpected failure');
      return { outcome: failureOfError(error) };
    }
    if (error.reason === 'shutdown' || error.reason === 'lost') throw error;
    return {
      outcome: failureOfError(
        new VerificationError(error.reason === 'deadline' ? 'deadline_exceeded' : 'job_cancelled'),
      ),
    };
  } finally {
    clearTimeout(timer);
  }
}

/** Without it the next tenant waits a little longer; no comparison may fail for that. */
function keepOrder(job: CompareJob, { fairQueue, logger }: CompareWorkerDependencies): void {
  const { tenant, sync } = job.data;
  fairQueue
    .start({ jobId: job.id ?? '', tenant, sync }, job.priority)
    .catch((error) => logger.debug({ err: error }, 'order among tenants'));
}

type RunnableJob = ComparisonJob & { readonly images: Readonly<Record<ImageName, string>> };

/** @throws VerificationError `unsupported_job_version`, or `internal` for a payload that no API of ours wrote. */
function readPayload(data: unknown): RunnableJob {
  const version = (data as { v?: unknown } | null)?.v;
  if (version === undefined) throw new Error('the record of the job in Redis cannot be read');
  if (version !== JOB_VERSION) throw new VerificationError('unsupported_job_version');
  const { images, ...payload } = comparisonJobSchema.parse(data);
  if (!images) throw new Error('this is a bug: a job that has not ended lost its images');
  return { ...payload, images };
}

function mayRetry(
  job: CompareJob,
  outcome: ComparisonOutcome,
  deps: CompareWorkerDependencies,
): outcome is Extract<ComparisonOutcome, { ok: false }> {
  if (outcome.ok || !outcome.retryable || outcome.code === 'deadline_exceeded') return false;
  if (outcome.errors?.some(wasTooSlow)) return false;
  const attemptsLeft = (job.opts.attempts ?? 1) - job.attemptsMade - 1;
  return attemptsLeft > 0 && job.data.deadline_at - deps.clock.now() > MIN_TIME_FOR_RETRY_MS;
}
