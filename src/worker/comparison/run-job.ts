import { DelayedError, WaitingError } from 'bullmq';
import type { ImageName } from '../../shared/contract/compare-request.js';
import type { ComparisonFailure, ComparisonOutcome } from '../../shared/contract/comparison-outcome.js';
import { VerificationError } from '../../shared/errors.js';
import { hostOf } from '../../shared/net/host-of.js';
import {
  type ComparisonJob,
  comparisonJobSchema,
  JOB_VERSION,
  UPLOAD_JOB_VERSION,
} from '../../shared/queue/comparison-job.js';
import type { FairQueue } from '../../shared/queue/fair-queue.js';
import { isUnexpected } from '../../shared/runtime/logger.js';
import { wasTooSlow } from '../images/fetch-failure.js';
import { ownerOf, type PhotoSource, sourceOf } from '../images/load-image.js';
import type { IssueReceipt } from '../receipts/receipt-issuer.js';
import type { ShadowOffers } from '../shadow/shadow-offers.js';
import { createJobSteps, type SharedResources } from '../tenant-shares/job-steps.js';
import {
  type Verification,
  type VerificationDependencies,
  type VerificationRequest,
  type VerificationRules,
  verifyPerson,
} from '../verification/verify-person.js';
import { type CompareJob, type FinishDependencies, finishJob } from './finish-job.js';
import { type AbortReason, ComparisonAborted, failureOfError, RetryLater } from './job-error.js';
import { type ReportDependencies, reportComparison } from './report-comparison.js';
import { retryWrite } from './retry-write.js';
import { traceComparison } from './trace-comparison.js';

/** A retry starts only if at least this much of the job's time is left, ms. */
const MIN_TIME_FOR_RETRY_MS = 3_000;
/** Longest time that setTimeout accepts, ms. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Functions that stop the comparisons running here, by job id. */
export type RunningJobs = Map<string, (reason: AbortReason) => void>;

export interface RunDependencies extends FinishDependencies, ReportDependencies {
  readonly verification: VerificationRules;
  readonly resources: SharedResources;
  readonly fairQueue: Pick<FairQueue, 'start'>;
  /** Undefined without a key to sign with. */
  readonly issueReceipt: IssueReceipt | undefined;
  readonly shadow: ShadowOffers;
  /** Called when a job was put back because its tenant has used up its share of slow jobs. */
  readonly onPostponed: () => void;
}

export interface RunContext {
  /** Proves to BullMQ that this worker holds the job's lock. */
  readonly token: string | undefined;
  readonly running: RunningJobs;
  readonly deps: RunDependencies;
}

/**
 * Runs one attempt at a job and returns the outcome to end it with.
 * @throws RetryLater, DelayedError or WaitingError to return the job to the queue; ComparisonAborted if its lock is lost.
 */
export async function runJob(job: CompareJob, context: RunContext): Promise<ComparisonOutcome> {
  await postponeIfShareUsed(job, context);
  const { token, running, deps } = context;
  const startedAt = performance.now();
  const jobId = job.id ?? '';
  const controller = new AbortController();
  const abort = (reason: AbortReason): void => controller.abort(new ComparisonAborted(reason));
  running.set(jobId, abort);
  noteStart(job, deps);
  const jobSteps = createJobSteps({ ...ownerOf(job.data), urgent: job.data.sync }, deps.resources);
  const steps: VerificationDependencies = { ...deps.verification, ...jobSteps };
  try {
    const { outcome, verification } = await traceComparison(job, steps, (traced) =>
      compare(job, controller, { deps, steps: traced }),
    );
    if (mayRetry(job, outcome, deps)) {
      await noteFailedAttempt(job, outcome, deps);
      throw new RetryLater(outcome);
    }
    const receipt = await createReceipt(job, { outcome, verification }, deps);
    const record = { outcome, evidence: verification?.evidence, receipt };
    const recorded = await retryWrite(() => finishJob(job, record, deps), {
      signal: controller.signal,
      onFailure: (error) => deps.logger.warn({ err: error, job_id: jobId }, 'result not written yet'),
    });
    deps.shadow.note(job, { outcome: recorded, verification });
    reportComparison(job, { outcome: recorded, verification, startedAt }, deps);
    return recorded;
  } catch (error) {
    if (error instanceof ComparisonAborted && error.reason === 'shutdown') {
      await job.moveToWait(token);
      throw new WaitingError();
    }
    throw error;
  } finally {
    jobSteps.release();
    // After a lost lock the same job may be running here again.
    if (running.get(jobId) === abort) running.delete(jobId);
  }
}

/**
 * Puts a job back for a while if its tenant has used up its share of slow jobs. Its deadline stays. The job has not
 * begun, so it neither leaves the fair order nor counts as an attempt.
 */
async function postponeIfShareUsed(job: CompareJob, { token, deps }: RunContext): Promise<void> {
  const { tenant, images, deadline_at: deadlineAt } = job.data;
  const hosts = Object.values(images ?? {}).flatMap((photo) =>
    typeof photo === 'string' ? [hostOf(photo)] : [],
  );
  const waitMs = deps.resources.slowJobs.waitFor({ tenant, hosts });
  const leftMs = deadlineAt - deps.clock.now();
  if (waitMs === undefined || !(leftMs > 0)) return;
  // BullMQ has counted this as a start (`ats`), which callers read as an attempt.
  await deps.redis.hincrby(`${deps.keys.prefix}:${deps.keys.queueName}:${job.id}`, 'ats', -1);
  await job.moveToDelayed(Date.now() + Math.min(waitMs, leftMs), token);
  deps.onPostponed();
  throw new DelayedError();
}

/** Records the start in the fair order. A failure only makes the next tenant wait a little longer. */
function noteStart(job: CompareJob, { fairQueue, logger }: RunDependencies): void {
  const { tenant, sync } = job.data;
  fairQueue
    .start({ jobId: job.id ?? '', tenant, sync }, job.priority)
    .catch((error) => logger.debug({ err: error }, 'order among tenants'));
}

/** Keeps the causes of a failed attempt for the log line of the job. If Redis refuses them, that line is only shorter. */
async function noteFailedAttempt(
  job: CompareJob,
  failure: ComparisonFailure,
  { logger }: RunDependencies,
): Promise<void> {
  const causes = (failure.errors ?? [failure]).map(({ code, reason, image }) => ({
    attempt: job.attemptsStarted,
    code,
    reason,
    image,
  }));
  await job
    .updateData({ ...job.data, failed_attempts: [...(job.data.failed_attempts ?? []), ...causes] })
    .catch((error) => logger.debug({ err: error, job_id: job.id }, 'cause of a failed attempt not kept'));
}

interface ComparisonResult {
  readonly outcome: ComparisonOutcome;
  /** Absent if the comparison ended before its photos were analysed. */
  readonly verification?: Verification | undefined;
}

/** Returns every end of a comparison as an outcome. Rejects only to return the job to the queue. */
async function compare(
  job: CompareJob,
  controller: AbortController,
  { deps, steps }: { readonly deps: RunDependencies; readonly steps: VerificationDependencies },
): Promise<ComparisonResult> {
  let timer: NodeJS.Timeout | undefined;
  try {
    const { request, deadlineAt } = readPayload(job);
    if (job.data.receipt && !deps.issueReceipt) throw new VerificationError('receipts_disabled');
    const leftMs = deadlineAt - deps.clock.now();
    if (leftMs <= 0) throw new VerificationError('deadline_exceeded');
    const expire = (): void => controller.abort(new ComparisonAborted('deadline'));
    timer = setTimeout(expire, Math.min(leftMs, MAX_TIMER_MS));
    const verification = await verifyPerson(request, steps, controller.signal);
    return { outcome: verification.outcome, verification };
  } catch (error) {
    if (error instanceof ComparisonAborted) return { outcome: failureOfAbort(error) };
    if (isUnexpected(error)) deps.logger.error({ err: error, job_id: job.id }, 'unexpected failure');
    return { outcome: failureOfError(error) };
  } finally {
    clearTimeout(timer);
  }
}

/** Returns the receipt of a comparison if its request asks for one and its photos were judged. */
async function createReceipt(
  job: CompareJob,
  { outcome, verification }: ComparisonResult,
  { issueReceipt }: RunDependencies,
): Promise<string | undefined> {
  const { id: jobId = '', data } = job;
  if (!data.receipt || !issueReceipt || !verification?.evidence) return undefined;
  const { evidence, photos } = verification;
  return issueReceipt({ jobId, job: data, outcome, evidence, photos });
}

/** @throws the error itself if another run of the job is to give the outcome. */
function failureOfAbort(error: ComparisonAborted): ComparisonFailure {
  switch (error.reason) {
    case 'deadline':
      return failureOfError(new VerificationError('deadline_exceeded'));
    case 'cancelled':
      return failureOfError(new VerificationError('job_cancelled'));
    case 'shutdown':
    case 'lost':
      throw error;
  }
}

interface Payload {
  readonly request: VerificationRequest;
  /** ms since 1970 by Redis' clock. */
  readonly deadlineAt: number;
}

/** @throws VerificationError `unsupported_job_version`; Error for a payload that no API of ours wrote. */
function readPayload({ id: jobId = '', data }: Pick<CompareJob, 'id' | 'data'>): Payload {
  const version: unknown = (data as Partial<ComparisonJob> | null)?.v;
  if (version === undefined) throw new Error('the record of the job in Redis cannot be read');
  if (version !== JOB_VERSION && version !== UPLOAD_JOB_VERSION)
    throw new VerificationError('unsupported_job_version');
  const job = comparisonJobSchema.parse(data);
  const {
    threshold,
    min_matches: minMatches,
    review_margin: reviewMargin,
    evidence,
    warnings,
    receipt = false,
    deadline_at: deadlineAt,
  } = job;
  const source = (name: ImageName): PhotoSource => sourceOf(name, { jobId, job });
  const images = {
    front_image1: source('front_image1'),
    front_image2: source('front_image2'),
    front_image3: source('front_image3'),
    back_image: source('back_image'),
  };
  const everyPhoto = evidence || receipt || warnings === true;
  const request = { images, threshold, minMatches, reviewMargin, everyPhoto, keepsDigests: receipt };
  return { request, deadlineAt };
}

function mayRetry(
  job: CompareJob,
  outcome: ComparisonOutcome,
  deps: RunDependencies,
): outcome is ComparisonFailure {
  if (outcome.ok || !outcome.retryable || outcome.code === 'deadline_exceeded') return false;
  if (outcome.errors?.some(wasTooSlow)) return false;
  // Another attempt would not find the photo either. The caller can send it again.
  if (outcome.code === 'upload_expired') return false;
  const attemptsLeft = (job.opts.attempts ?? 1) - job.attemptsMade - 1;
  return attemptsLeft > 0 && job.data.deadline_at - deps.clock.now() > MIN_TIME_FOR_RETRY_MS;
}
