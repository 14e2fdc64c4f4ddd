import type { BatchStore } from '../../shared/batches/batch-store.js';
import {
  awaitedCallback,
  type CallbackState,
  createJobView,
  type JobView,
} from '../../shared/contract/job-view.js';
import { VerificationError } from '../../shared/errors.js';
import type { CancelledJobs } from '../../shared/queue/cancelled-jobs.js';
import type { ComparisonJob } from '../../shared/queue/comparison-job.js';
import type { Logger } from '../../shared/runtime/logger.js';
import type { WebhookQueue } from '../../shared/webhooks/webhook-queue.js';
import { type JobQueue, runningStateOf, type StoredJob } from './job-queue.js';
import { logUnreadable, readDetails, skipUnreadable } from './skip-unreadable.js';

export interface ReadJobDependencies {
  readonly queue: JobQueue;
  readonly cancelledJobs: CancelledJobs;
  readonly webhooks: WebhookQueue;
  readonly batches: Pick<BatchStore, 'readLine'>;
  readonly logger: Logger;
}

/** Returns the view of a job. @throws VerificationError `job_not_found`, also for another tenant's job. */
export async function readJobView(
  jobId: string,
  tenant: string,
  deps: ReadJobDependencies,
): Promise<JobView> {
  const view = await findJobView(jobId, tenant, deps);
  if (!view) throw new VerificationError('job_not_found');
  return view;
}

/** Returns the view of a job; undefined if there is none of this tenant. */
export async function findJobView(
  jobId: string,
  tenant: string,
  deps: ReadJobDependencies,
): Promise<JobView | undefined> {
  const { queue, cancelledJobs, logger } = deps;
  // Before the queue, into which it may be moved between the two.
  const line = await deps.batches.readLine(jobId);
  const job = await skipUnreadable({ record: 'job', jobId }, () => queue.read(jobId), logger);
  if (job && job.payload.tenant === tenant) return viewOf(job, deps);
  // An unreadable payload does not say whose job it is.
  if (job && !job.payload.tenant) logUnreadable({ record: 'job', jobId }, logger);
  const cancelled = job ? undefined : await cancelledJobs.read(jobId);
  if (!job && !cancelled && line?.tenant === tenant) return viewOfLine(jobId, line);
  if (cancelled?.tenant !== tenant) return undefined;
  const callback = await readCallback(jobId, deps);
  return { ...cancelled.view, ...(callback ? { callback } : {}) };
}

function readCallback(jobId: string, deps: ReadJobDependencies): Promise<CallbackState | undefined> {
  return skipUnreadable({ record: 'webhook', jobId }, () => deps.webhooks.readState(jobId), deps.logger);
}

async function viewOf(job: StoredJob, deps: ReadJobDependencies): Promise<JobView> {
  const { jobId, payload, outcome } = job;
  const details = outcome ? await readDetails(jobId, payload, deps) : {};
  const callback = await readCallback(jobId, deps);
  return createJobView({
    ...job,
    ...details,
    job: payload,
    callback: callback ?? awaitedCallback(payload.callback_url),
    running: runningStateOf(job),
  });
}

/** The view of a job that is accepted with its batch, but not in the queue yet. */
function viewOfLine(jobId: string, job: ComparisonJob): JobView {
  const callback = awaitedCallback(job.callback_url);
  return createJobView({ jobId, job, createdAt: job.accepted_at, attempts: 0, callback });
}
