import { randomUUID } from 'node:crypto';
import type { ComparisonOutcome } from '../../shared/contract/comparison-outcome.js';
import { VerificationError } from '../../shared/errors.js';
import type { CancelledJobs } from '../../shared/queue/cancelled-jobs.js';
import type { Keyspace } from '../../shared/queue/keyspace.js';
import type { JobQueue } from './job-queue.js';
import type { KeyTurns } from './key-turns.js';

// An Idempotency-Key names a chain of jobs, each with an id of its own, so that none gets the outcome or webhook of another.
// It is bound to the last job of the chain. The next request adds a job if that job was cancelled, or failed for a reason
// that may have passed. Requests that arrive together compute the same next id, and the queue adds an id once.

export interface ChooseDependencies {
  readonly keys: Pick<Keyspace, 'idempotentJobId'>;
  readonly queue: JobQueue;
  readonly cancelledJobs: CancelledJobs;
  readonly turns: KeyTurns;
}

/** A request, as far as its job id depends on it. */
export interface KeyedRequest {
  readonly tenant: string;
  readonly idempotencyKey?: string | undefined;
  /** As `ComparisonJob.request_digest`. */
  readonly digest: string;
}

/**
 * Returns the id of the job for a request: a random one, or the one that its Idempotency-Key is bound to.
 * @throws VerificationError `idempotency_conflict` if the key belongs to a different request.
 */
export async function chooseJobId(request: KeyedRequest, deps: ChooseDependencies): Promise<string> {
  const { tenant, idempotencyKey: key } = request;
  if (key === undefined) return `r_${randomUUID()}`;
  const { keys, turns } = deps;
  const first = keys.idempotentJobId(tenant, key);
  // The end of a chain is near the place where it was last found.
  const known = await turns.read(first);
  for (let turn = known; ; turn += 1) {
    // No header can contain the NUL character between the two.
    const jobId = turn === 0 ? first : keys.idempotentJobId(tenant, `${key}\0${turn}`);
    if (await hasReleasedKey(jobId, request, deps)) continue;
    if (turn > known) await turns.keep(first, turn);
    return jobId;
  }
}

/** True if the next request under the key of this job starts another job. */
async function hasReleasedKey(
  jobId: string,
  { digest }: KeyedRequest,
  { queue, cancelledJobs }: ChooseDependencies,
): Promise<boolean> {
  const origin = await queue.readOrigin(jobId);
  // A job that could no longer be taken out continues beside the record of the attempt.
  if (!origin) return (await cancelledJobs.read(jobId)) !== undefined;
  const outcome = (await queue.readOutcomes([jobId])).get(jobId);
  if (!outcome || bindsKey(outcome)) return false;
  if (origin.digest !== digest) throw new VerificationError('idempotency_conflict');
  return true;
}

/** True for an outcome that would be the same again. */
function bindsKey(outcome: ComparisonOutcome): boolean {
  return outcome.ok || (!outcome.retryable && outcome.code !== 'job_cancelled');
}
