import { type Context, Hono } from 'hono';
import type { ComparisonOutcome } from '../../shared/contract/comparison-outcome.js';
import { createResult } from '../../shared/contract/job-view.js';
import { VerificationError } from '../../shared/errors.js';
import type { Logger } from '../../shared/runtime/logger.js';
import type { AppContext } from '../http/app-context.js';
import { errorResponse, failureResponse } from '../http/error-response.js';
import { readCaller, readCompareRequest, readPreferences } from '../http/read-request.js';
import { type CancelDependencies, createAbandonJob } from '../jobs/cancel-job.js';
import type { JobWaiter } from '../jobs/job-waiter.js';
import { readEvidence } from '../jobs/pass-over.js';
import {
  type Caller,
  type PreparedJob,
  prepareJob,
  type SubmitDependencies,
  submitJob,
} from '../jobs/submit-job.js';
import { withQueue } from '../jobs/with-queue.js';
import { acceptJob } from './jobs.js';

export interface CompareFacesDependencies extends SubmitDependencies, CancelDependencies {
  readonly waiter: JobWaiter;
  readonly logger: Logger;
}

/** `POST /compare-faces`: the answer itself, or a job with `Prefer: respond-async`. */
export function createCompareFacesRoute(deps: CompareFacesDependencies): Hono<AppContext> {
  const abandonJob = createAbandonJob(deps);
  return new Hono<AppContext>().post('/compare-faces', async (context) => {
    if (readPreferences(context.req.header('prefer')).respondAsync) {
      context.header('preference-applied', 'respond-async');
      return acceptJob(context, deps);
    }
    const caller = readCaller(context, true);
    const prepared = await prepareJob(await readCompareRequest(context), caller, deps);
    context.set('jobId', prepared.jobId);
    return compareAndWait(context, prepared, { caller, deps, abandonJob });
  });
}

interface CompareCall {
  readonly caller: Caller;
  readonly deps: CompareFacesDependencies;
  readonly abandonJob: (jobId: string) => Promise<void>;
}

async function compareAndWait(
  context: Context<AppContext>,
  prepared: PreparedJob,
  { caller, deps, abandonJob }: CompareCall,
): Promise<Response> {
  const { jobId } = prepared;
  const { signal } = context.req.raw;
  const wait = deps.waiter.waitFor(jobId, { timeoutMs: deps.settings.syncWaitMs, signal });
  try {
    await submitJob(prepared, caller, deps);
    if (caller.idempotencyKey !== undefined) await settleIfEnded(jobId, deps);
  } catch (error) {
    wait.cancel();
    throw error;
  }
  const end = await wait.promise;
  switch (end.kind) {
    case 'settled':
      return answer(context, prepared, { outcome: end.outcome, deps });
    case 'timeout':
      context.header('location', `/jobs/${jobId}`);
      return errorResponse(context, new VerificationError('wait_timeout'), { jobId });
    case 'aborted':
      // Another caller may wait for the same job under an Idempotency-Key.
      if (signal.aborted && caller.idempotencyKey === undefined) await abandonJob(jobId);
      return errorResponse(context, new VerificationError('queue_unavailable', { retryAfterSeconds: 2 }), {
        jobId,
      });
  }
}

/** A repeated request may join a job that has ended already: its event will not come again. */
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
  if (!outcome.ok) return failureResponse(context, outcome, jobId);
  const evidence = payload.evidence
    ? await withQueue(deps.redis, () => readEvidence(jobId, deps))
    : undefined;
  return context.json(createResult(payload, outcome, evidence));
}
