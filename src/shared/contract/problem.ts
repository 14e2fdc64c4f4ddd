import { ERROR_KINDS, type ErrorCode } from '../errors.js';
import type { ComparisonFailure } from '../queue/queue-contract.js';
import { type Reason, textOfReason } from '../reasons.js';
import type { Problem, ProblemItem } from './contract.js';

/** The members of a problem beside its code. */
export interface ProblemFacts {
  readonly reason?: Reason | undefined;
  readonly detail?: string;
  readonly retryable?: boolean;
  readonly image?: ComparisonFailure['image'];
  readonly errors?: readonly ProblemItem[] | undefined;
  readonly requestId?: string | undefined;
  readonly jobId?: string | undefined;
}

/** Returns the RFC 9457 problem of a code. `type` is a relative reference to the row of the page `/docs/errors`. */
export function createProblem(code: ErrorCode, facts: ProblemFacts = {}): Problem {
  const { reason } = facts;
  return {
    type: `/docs/errors#${code}`,
    title: code.replaceAll('_', ' '),
    status: ERROR_KINDS[code].status,
    detail: facts.detail ?? (reason === undefined ? ERROR_KINDS[code].text : textOfReason(reason)),
    code,
    ...(reason === undefined ? {} : { reason }),
    retryable: facts.retryable ?? ERROR_KINDS[code].retryable,
    ...(facts.image ? { image: facts.image } : {}),
    ...(facts.errors && facts.errors.length > 0 ? { errors: [...facts.errors] } : {}),
    ...(facts.jobId ? { job_id: facts.jobId } : {}),
    ...(facts.requestId ? { request_id: facts.requestId } : {}),
  };
}

/** Returns the problem of a comparison that could not be decided. */
export function problemOfFailure(
  failure: ComparisonFailure,
  ids: Pick<ProblemFacts, 'requestId' | 'jobId'>,
): Problem {
  return createProblem(failure.code, {
    reason: failure.reason,
    detail: failure.detail,
    retryable: failure.retryable,
    ...(failure.image ? { image: failure.image } : {}),
    errors: failure.errors,
    ...ids,
  });
}
