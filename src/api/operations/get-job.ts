import type { Context } from 'hono';
import {
  type CallbackState,
  createJobView,
  type JobStatus,
  type JobView,
  jobViewSchema,
} from '../../shared/contract/job-view.js';
import { VerificationError } from '../../shared/errors.js';
import type { CancelledJobs } from '../../shared/queue/cancelled-jobs.js';
import type { RedisConnection } from '../../shared/redis/connect-redis.js';
import type { Logger } from '../../shared/runtime/logger.js';
import type { WebhookQueue } from '../../shared/webhooks/webhook-queue.js';
import type { AppContext } from '../http/app-context.js';
import { MAX_WAIT_SECONDS, readJobId, readPreferences } from '../http/read-request.js';
import { isRunning, type JobQueue, runningStateOf, type StoredJob } from '../jobs/job-queue.js';
import type { JobWaiter } from '../jobs/job-waiter.js';
import { logUnreadable, readDetails, skipUnreadable } from '../jobs/skip-unreadable.js';
import { withQueue } from '../jobs/with-queue.js';
import { JOB_ID_PARAMETER, PREFER_WAIT, REQUEST_ID } from '../openapi/components.js';
import { JOB_EXAMPLE } from '../openapi/examples.js';
import { defineOperation } from './define-operation.js';

/** Time after which a poller should read a running job again, seconds. */
const POLL_AFTER_SECONDS = 1;

export interface GetJobDependencies {
  readonly redis: RedisConnection;
  readonly queue: JobQueue;
  readonly cancelledJobs: CancelledJobs;
  readonly waiter: JobWaiter;
  readonly logger: Logger;
  readonly webhooks: WebhookQueue;
}

export const getJobOperation = defineOperation<GetJobDependencies>({
  method: 'get',
  path: '/jobs/{id}',
  id: 'getJob',
  tag: 'Jobs',
  summary: 'Read a job, or wait for it to end',
  description: '`completed` always carries `result`; a comparison that could not be decided is `failed`.',
  parameters: [JOB_ID_PARAMETER, PREFER_WAIT, REQUEST_ID],
  answers: {
    200: {
      description: 'The current state of the job.',
      schema: jobViewSchema,
      headers: ['Retry-After', 'Preference-Applied'],
      example: JOB_EXAMPLE,
    },
  },
  errors: ['job_not_found', 'queue_unavailable', 'internal'],
  createHandler: (deps) => async (context) => {
    const jobId = readJobId(context);
    const view = await waitForView(context, jobId, deps);
    suggestNextPoll(context, view.status);
    return context.json(view);
  },
});

/** Sets Retry-After if a job with this status has not ended. */
export function suggestNextPoll(context: Context<AppContext>, status: JobStatus): void {
  if (isRunning(status)) context.header('retry-after', String(POLL_AFTER_SECONDS));
}

async function waitForView(
  context: Context<AppContext>,
  jobId: string,
  deps: GetJobDependencies,
): Promise<JobView> {
  const tenant = context.get('tenant');
  const { waitSeconds = 0 } = readPreferences(context.req.header('prefer'));
  const read = (): Promise<JobView> => withQueue(deps.redis, () => readJobView(jobId, tenant, deps));
  if (waitSeconds === 0) return read();
  const grantedSeconds = Math.min(waitSeconds, MAX_WAIT_SECONDS);
  context.header('preference-applied', `wait=${grantedSeconds}`);
  // Registered before the first read, so that a job that ends in between is not missed.
  const wait = deps.waiter.waitFor(jobId, {
    timeoutMs: grantedSeconds * 1_000,
    signal: context.req.raw.signal,
  });
  try {
    const view = await read();
    if (!isRunning(view.status)) return view;
    await wait.promise;
    return await read();
  } finally {
    wait.cancel();
  }
}

/** @throws VerificationError `job_not_found`, also for another tenant's job. */
async function readJobView(jobId: string, tenant: string, deps: GetJobDependencies): Promise<JobView> {
  const { queue, cancelledJobs, logger } = deps;
  const job = await skipUnreadable({ record: 'job', jobId }, () => queue.read(jobId), logger);
  if (job && job.payload.tenant === tenant) return viewOf(job, deps);
  // An unreadable payload does not say whose job it is.
  if (job && !job.payload.tenant) logUnreadable({ record: 'job', jobId }, logger);
  const cancelled = job ? undefined : await cancelledJobs.read(jobId);
  if (cancelled?.tenant !== tenant) throw new VerificationError('job_not_found');
  const callback = await readCallback(jobId, deps);
  return { ...cancelled.view, ...(callback ? { callback } : {}) };
}

function readCallback(jobId: string, deps: GetJobDependencies): Promise<CallbackState | undefined> {
  return skipUnreadable({ record: 'webhook', jobId }, () => deps.webhooks.readState(jobId), deps.logger);
}

async function viewOf(job: StoredJob, deps: GetJobDependencies): Promise<JobView> {
  const { jobId, payload, outcome } = job;
  const details = outcome ? await readDetails(jobId, payload, deps) : {};
  const callback = await readCallback(jobId, deps);
  const awaited: CallbackState | undefined = payload.callback_url
    ? { status: 'pending', attempts: 0 }
    : undefined;
  return createJobView({
    ...job,
    ...details,
    job: payload,
    callback: callback ?? awaited,
    running: runningStateOf(job),
  });
}
