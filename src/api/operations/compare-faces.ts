import type { Context } from 'hono';
import { compareRequestSchema } from '../../shared/contract/compare-request.js';
import { compareResultSchema } from '../../shared/contract/compare-result.js';
import type { ComparisonOutcome } from '../../shared/contract/comparison-outcome.js';
import { createResult, withFieldWarning } from '../../shared/contract/job-view.js';
import { errorCodesOf, VerificationError } from '../../shared/errors.js';
import type { Logger } from '../../shared/runtime/logger.js';
import { noWorkerError, type WorkerWatch } from '../capacity/worker-watch.js';
import type { AppContext } from '../http/app-context.js';
import { errorResponse, failureResponse } from '../http/error-response.js';
import { readCaller, readCompareRequest, readPreferences } from '../http/read-request.js';
import { type CancelDependencies, createAbandonJob } from '../jobs/cancel-job.js';
import type { JobWaiter } from '../jobs/job-waiter.js';
import { readDetails } from '../jobs/skip-unreadable.js';
import { type Caller, type PreparedJob, prepareJob, submitJob } from '../jobs/submit-job.js';
import { withQueue } from '../jobs/with-queue.js';
import { compareFormSchema } from '../openapi/compare-form.js';
import { IDEMPOTENCY_KEY, PREFER_ASYNC, REQUEST_ID, TRACE_PARENT } from '../openapi/components.js';
import { FORM_EXAMPLE, REQUEST_EXAMPLE } from '../openapi/examples.js';
import { ACCEPTED, acceptJob, type CreateJobDependencies, REPLAYED, SUBMIT_ERRORS } from './create-job.js';
import { defineOperation } from './define-operation.js';

export interface CompareFacesDependencies extends CreateJobDependencies, CancelDependencies {
  readonly waiter: JobWaiter;
  readonly workers: Pick<WorkerWatch, 'requireWorker' | 'onAbsence'>;
  readonly logger: Logger;
}

/** Reasons why a comparison ends without a decision. */
const COMPARISON_ERRORS = errorCodesOf('fetch', 'photo', 'comparison');

export const compareFacesOperation = defineOperation<CompareFacesDependencies>({
  method: 'post',
  path: '/compare-faces',
  id: 'compareFaces',
  tag: 'Comparisons',
  summary: 'Compare three photos with a reference and wait for the decision',
  description:
    'Answers whether at least `min_matches` of the three probes show the person in the reference. If too few photos ' +
    'can be judged to decide, the answer is a problem and never `matched: false`.',
  parameters: [PREFER_ASYNC, IDEMPOTENCY_KEY, REQUEST_ID, TRACE_PARENT],
  body: {
    schema: compareRequestSchema,
    example: REQUEST_EXAMPLE,
    form: { schema: compareFormSchema, example: FORM_EXAMPLE },
  },
  limitsBody: true,
  answers: {
    200: {
      description: 'The decision.',
      schema: compareResultSchema,
      headers: ['Idempotent-Replayed'],
      example: { user_id: 'user-42', matched: true },
    },
    202: { ...ACCEPTED, headers: [...(ACCEPTED.headers ?? []), 'Preference-Applied'] },
  },
  errors: [...SUBMIT_ERRORS, ...COMPARISON_ERRORS, 'no_worker', 'wait_timeout'],
  createHandler: (deps) => {
    const call = { deps, abandonJob: createAbandonJob(deps) };
    return (context) => compareFaces(context, call);
  },
});

interface Call {
  readonly deps: CompareFacesDependencies;
  readonly abandonJob: (jobId: string) => Promise<void>;
}

async function compareFaces(context: Context<AppContext>, call: Call): Promise<Response> {
  const { deps } = call;
  if (readPreferences(context.req.header('prefer')).respondAsync) {
    context.header('preference-applied', 'respond-async');
    return acceptJob(context, deps);
  }
  const caller = readCaller(context, true);
  const prepared = await prepareJob(await readCompareRequest(context, deps.uploadLimits), caller, deps);
  context.set('jobId', prepared.jobId);
  return compareAndWait(context, prepared, { ...call, caller });
}

async function compareAndWait(
  context: Context<AppContext>,
  prepared: PreparedJob,
  { deps, abandonJob, caller }: Call & { readonly caller: Caller },
): Promise<Response> {
  const { jobId } = prepared;
  const { signal } = context.req.raw;
  const wait = deps.waiter.waitFor(jobId, { timeoutMs: deps.settings.syncWaitMs, signal });
  let isDeserted = false;
  const stopListening = deps.workers.onAbsence(() => {
    isDeserted = true;
    wait.cancel();
  });
  try {
    if (await submitJob(prepared, caller, deps)) context.header(...REPLAYED);
    if (caller.idempotencyKey !== undefined) await settleIfEnded(jobId, deps);
  } catch (error) {
    stopListening();
    wait.cancel();
    throw error;
  }
  const end = await wait.promise;
  stopListening();
  switch (end.kind) {
    case 'settled':
      return answer(context, prepared, { outcome: end.outcome, deps });
    case 'timeout':
      context.header('location', `/jobs/${jobId}`);
      return errorResponse(context, new VerificationError('wait_timeout'), { jobId });
    case 'aborted':
      // Under an Idempotency-Key, another caller may be waiting for the same job.
      if ((signal.aborted || isDeserted) && caller.idempotencyKey === undefined) await abandonJob(jobId);
      return errorResponse(context, isDeserted ? noWorkerError() : queueUnavailable(), { jobId });
  }
}

/** The error of a caller whose wait ends with this process. */
const queueUnavailable = (): VerificationError =>
  new VerificationError('queue_unavailable', { retryAfterSeconds: 2 });

/** A repeated request can join a job that has already ended: its event will not come again. */
async function settleIfEnded(jobId: string, deps: CompareFacesDependencies): Promise<void> {
  const outcomes = await withQueue(deps.redis, () => deps.queue.readOutcomes([jobId]));
  const outcome = outcomes.get(jobId);
  if (outcome) deps.waiter.settle(jobId, outcome);
}

async function answer(
  context: Context<AppContext>,
  { jobId, payload }: PreparedJob,
  { outcome, deps }: { outcome: ComparisonOutcome; deps: CompareFacesDependencies },
): Promise<Response> {
  const asksForDetails = payload.evidence || payload.receipt;
  const details = asksForDetails ? await withQueue(deps.redis, () => readDetails(jobId, payload, deps)) : {};
  if (!outcome.ok) {
    const evidence = details.evidence && withFieldWarning(details.evidence, payload);
    return failureResponse(context, outcome, { jobId, ...details, evidence });
  }
  return context.json(createResult(payload, outcome, details));
}
