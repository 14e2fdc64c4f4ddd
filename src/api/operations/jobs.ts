import { type Context, Hono } from 'hono';
import type { CallbackState, JobAccepted, JobStatus, JobView } from '../../shared/contract/job-view.js';
import { createJobView, jobStatusOf } from '../../shared/contract/job-view.js';
import { VerificationError } from '../../shared/errors.js';
import { isJobId } from '../../shared/queue/comparison-job.js';
import type { Logger } from '../../shared/runtime/logger.js';
import type { WebhookQueue } from '../../shared/webhooks/webhook-queue.js';
import type { AppContext } from '../http/app-context.js';
import { MAX_WAIT_SECONDS, readCaller, readCompareRequest, readPreferences } from '../http/read-request.js';
import { type CancelDependencies, cancelJob } from '../jobs/cancel-job.js';
import type { StoredJob } from '../jobs/job-queue.js';
import type { JobWaiter } from '../jobs/job-waiter.js';
import { logUnreadable, passOverUnreadable, readEvidence } from '../jobs/pass-over.js';
import { prepareJob, type SubmitDependencies, submitJob } from '../jobs/submit-job.js';
import { withQueue } from '../jobs/with-queue.js';

/** What a poller is asked to wait before it looks again, seconds. */
const POLL_AFTER_SECONDS = 1;

export interface JobsDependencies extends SubmitDependencies, CancelDependencies {
  readonly waiter: JobWaiter;
  readonly logger: Logger;
  readonly webhooks: WebhookQueue;
}

/** `POST /jobs`, `GET /jobs/:id` and `DELETE /jobs/:id`. */
export function createJobsRoutes(deps: JobsDependencies): Hono<AppContext> {
  return new Hono<AppContext>()
    .post('/jobs', (context) => acceptJob(context, deps))
    .get('/jobs/:id', async (context) => {
      const jobId = readJobId(context);
      const view = await waitForView(context, jobId, deps);
      if (isRunning(view.status)) context.header('retry-after', String(POLL_AFTER_SECONDS));
      return context.json(view);
    })
    .delete('/jobs/:id', async (context) => {
      const jobId = readJobId(context);
      await withQueue(deps.redis, () => cancelJob(jobId, context.get('tenant'), deps));
      return context.body(null, 204);
    });
}

/**
 * Reads the id in the path. Only what has the form of one reaches Redis, where other keys lie beside the jobs.
 * @throws VerificationError `job_not_found`.
 */
function readJobId(context: Context<AppContext>): string {
  const jobId = context.req.param('id') ?? '';
  if (!isJobId(jobId)) throw new VerificationError('job_not_found');
  context.set('jobId', jobId);
  return jobId;
}

/** Answers 202 once Redis holds the job, with its state: one under an Idempotency-Key may have ended long ago. */
export async function acceptJob(context: Context<AppContext>, deps: SubmitDependencies): Promise<Response> {
  const caller = readCaller(context, false);
  const prepared = await prepareJob(await readCompareRequest(context), caller, deps);
  context.set('jobId', prepared.jobId);
  await submitJob(prepared, caller, deps);
  const statusUrl = `/jobs/${prepared.jobId}`;
  const job = caller.idempotencyKey === undefined ? undefined : await readJob(prepared.jobId, deps);
  const status = job ? jobStatusOf(job.outcome, runningStateOf(job)) : 'queued';
  context.header('location', statusUrl);
  if (isRunning(status)) context.header('retry-after', String(POLL_AFTER_SECONDS));
  const accepted: JobAccepted = { job_id: prepared.jobId, status, status_url: statusUrl };
  return context.json(accepted, 202);
}

function readJob(jobId: string, { redis, queue }: SubmitDependencies): Promise<StoredJob | undefined> {
  return withQueue(redis, () => queue.read(jobId));
}

function runningStateOf({ state }: StoredJob): 'queued' | 'active' {
  return state === 'active' ? 'active' : 'queued';
}

function isRunning(status: JobStatus): boolean {
  return status === 'queued' || status === 'active';
}

async function waitForView(
  context: Context<AppContext>,
  jobId: string,
  deps: JobsDependencies,
): Promise<JobView> {
  const tenant = context.get('tenant');
  const { waitSeconds = 0 } = readPreferences(context.req.header('prefer'));
  const read = (): Promise<JobView> => withQueue(deps.redis, () => readJobView(jobId, tenant, deps));
  if (waitSeconds === 0) return read();
  context.header('preference-applied', `wait=${Math.min(waitSeconds, MAX_WAIT_SECONDS)}`);
  const timeoutMs = Math.min(waitSeconds, MAX_WAIT_SECONDS) * 1_000;
  // Registered before the first look, so that an end between the two is not missed.
  const wait = deps.waiter.waitFor(jobId, { timeoutMs, signal: context.req.raw.signal });
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
async function readJobView(jobId: string, tenant: string, deps: JobsDependencies): Promise<JobView> {
  const { queue, cancelledJobs, logger } = deps;
  const job = await passOverUnreadable({ record: 'job', jobId }, () => queue.read(jobId), logger);
  if (job && job.payload.tenant === tenant) return viewOf(job, deps);
  // Whose it was cannot be told any more.
  if (job && !job.payload.tenant) logUnreadable({ record: 'job', jobId }, logger);
  const cancelled = job ? undefined : await cancelledJobs.read(jobId);
  if (cancelled?.tenant !== tenant) throw new VerificationError('job_not_found');
  const callback = await readCallback(jobId, deps);
  return { ...cancelled.view, ...(callback ? { callback } : {}) };
}

function readCallback(jobId: string, deps: JobsDependencies): Promise<CallbackState | undefined> {
  return passOverUnreadable({ record: 'webhook', jobId }, () => deps.webhooks.readState(jobId), deps.logger);
}

async function viewOf(job: StoredJob, deps: JobsDependencies): Promise<JobView> {
  const { jobId, payload, outcome } = job;
  const evidence = payload.evidence && outcome?.ok ? await readEvidence(jobId, deps) : undefined;
  const callback = await readCallback(jobId, deps);
  const awaited: CallbackState | undefined = payload.callback_url
    ? { status: 'pending', attempts: 0 }
    : undefined;
  return createJobView({
    ...job,
    job: payload,
    evidence,
    callback: callback ?? awaited,
    running: runningStateOf(job),
  });
}
