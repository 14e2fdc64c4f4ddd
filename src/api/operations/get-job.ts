import type { Context } from 'hono';
import { type JobStatus, type JobView, jobViewSchema } from '../../shared/contract/job-view.js';
import type { RedisConnection } from '../../shared/redis/connect-redis.js';
import type { AppContext } from '../http/app-context.js';
import { MAX_WAIT_SECONDS, readJobId, readPreferences } from '../http/read-request.js';
import { isRunning } from '../jobs/job-queue.js';
import type { JobWaiter } from '../jobs/job-waiter.js';
import { type ReadJobDependencies, readJobView } from '../jobs/read-job-view.js';
import { withQueue } from '../jobs/with-queue.js';
import { JOB_ID_PARAMETER, PREFER_WAIT, REQUEST_ID } from '../openapi/components.js';
import { JOB_EXAMPLE } from '../openapi/examples.js';
import { defineOperation } from './define-operation.js';

/** Time after which a poller should read a running job again, seconds. */
const POLL_AFTER_SECONDS = 1;

export interface GetJobDependencies extends ReadJobDependencies {
  readonly redis: RedisConnection;
  readonly waiter: JobWaiter;
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
