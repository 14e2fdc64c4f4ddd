import type { Context } from 'hono';
import { compareRequestSchema } from '../../shared/contract/compare-request.js';
import { type JobAccepted, jobAcceptedSchema, warnOfFields } from '../../shared/contract/job-view.js';
import type { ErrorCode } from '../../shared/errors.js';
import type { AppContext } from '../http/app-context.js';
import { readCaller, readCompareRequest } from '../http/read-request.js';
import type { UploadLimits } from '../http/upload-limits.js';
import { statusOf } from '../jobs/job-queue.js';
import { prepareJob, type SubmitDependencies, submitJob } from '../jobs/submit-job.js';
import { withQueue } from '../jobs/with-queue.js';
import { compareFormSchema } from '../openapi/compare-form.js';
import { IDEMPOTENCY_KEY, REQUEST_ID, TRACE_PARENT } from '../openapi/components.js';
import { FORM_EXAMPLE, JOB_ID, REQUEST_EXAMPLE } from '../openapi/examples.js';
import { type Answer, defineOperation, linkTo } from './define-operation.js';
import { suggestNextPoll } from './get-job.js';

export interface CreateJobDependencies extends SubmitDependencies {
  readonly uploadLimits: UploadLimits;
}

/** Reasons why a comparison is refused before it reaches the queue. */
export const SUBMIT_ERRORS: readonly ErrorCode[] = [
  'invalid_json',
  'unsupported_media_type',
  'body_too_large',
  'invalid_request',
  'unknown_field',
  'calibration_unavailable',
  'receipts_disabled',
  'image_url_forbidden',
  'uploads_disabled',
  'idempotency_conflict',
  'overloaded',
  'queue_unavailable',
  'internal',
];

export const ACCEPTED: Answer = {
  description:
    'The job is in the queue, or it is the existing job of this Idempotency-Key; `status` is its current state.',
  schema: jobAcceptedSchema,
  headers: ['Location', 'Retry-After', 'Idempotent-Replayed'],
  example: { job_id: JOB_ID, status: 'queued', status_url: `/jobs/${JOB_ID}` },
  links: {
    readJob: linkTo('getJob', '/job_id', 'The job and its result.'),
    cancelJob: linkTo('cancelJob', '/job_id', 'Cancels the job if it has not started.'),
  },
};

export const createJobOperation = defineOperation<CreateJobDependencies>({
  method: 'post',
  path: '/jobs',
  id: 'createJob',
  tag: 'Jobs',
  summary: 'Queue a comparison',
  description:
    'Read the result at `status_url`, or receive it at `callback_url` or the service’s WEBHOOK_URL.',
  parameters: [IDEMPOTENCY_KEY, REQUEST_ID, TRACE_PARENT],
  body: {
    schema: compareRequestSchema,
    example: REQUEST_EXAMPLE,
    form: { schema: compareFormSchema, example: FORM_EXAMPLE },
  },
  limitsBody: true,
  answers: { 202: ACCEPTED },
  errors: SUBMIT_ERRORS,
  createHandler: (deps) => (context) => acceptJob(context, deps),
});

/** Header of an answer to a request that joined an existing job. */
export const REPLAYED = ['Idempotent-Replayed', 'true'] as const;

/** Answers 202 once Redis holds the job. The job of a repeated Idempotency-Key may have ended long ago. */
export async function acceptJob(
  context: Context<AppContext>,
  deps: CreateJobDependencies,
): Promise<Response> {
  const caller = readCaller(context, false);
  const prepared = await prepareJob(await readCompareRequest(context, deps.uploadLimits), caller, deps);
  const { jobId } = prepared;
  context.set('jobId', jobId);
  const isReplayed = await submitJob(prepared, caller, deps);
  if (isReplayed) context.header(...REPLAYED);
  const statusUrl = `/jobs/${jobId}`;
  const job = isReplayed ? await withQueue(deps.redis, () => deps.queue.read(jobId)) : undefined;
  const status = job ? statusOf(job) : 'queued';
  context.header('location', statusUrl);
  suggestNextPoll(context, status);
  const warnings = warnOfFields(prepared.payload);
  const accepted: JobAccepted = {
    job_id: jobId,
    status,
    status_url: statusUrl,
    ...(warnings.length > 0 ? { warnings } : {}),
  };
  return context.json(accepted, 202);
}
