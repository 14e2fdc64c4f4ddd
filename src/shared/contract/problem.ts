import { ERROR_KINDS, type ErrorCode, type Reason, textOfReason } from '../errors.js';
import type { ComparisonFailure } from '../queue/queue-contract.js';
import type { Problem, ProblemItem } from './contract.js';

type ProblemStatus = 400 | 401 | 403 | 404 | 405 | 409 | 413 | 415 | 422 | 429 | 500 | 502 | 503 | 504;

/** The only status table: a new code fails compilation until it has a status. */
export const STATUS_OF: Readonly<Record<ErrorCode, ProblemStatus>> = {
  invalid_json: 400,
  unsupported_media_type: 415,
  body_too_large: 413,
  invalid_request: 422,
  calibration_unavailable: 422,
  unauthenticated: 401,
  forbidden: 403,
  rate_limited: 429,
  idempotency_conflict: 422,
  not_found: 404,
  method_not_allowed: 405,
  job_not_found: 404,
  job_not_cancellable: 409,
  job_cancelled: 409,
  webhook_not_found: 404,
  webhook_not_failed: 409,
  overloaded: 503,
  queue_unavailable: 503,
  wait_timeout: 504,
  deadline_exceeded: 504,
  unsupported_job_version: 500,
  image_url_forbidden: 422,
  image_not_available: 422,
  image_fetch_failed: 502,
  image_too_large: 422,
  image_unsupported: 422,
  image_undecodable: 422,
  face_not_found: 422,
  multiple_faces: 422,
  face_too_small: 422,
  low_quality: 422,
  duplicate_image: 422,
  model_failure: 500,
  internal: 500,
};

/** What a problem says beside its code. */
export interface ProblemFacts {
  readonly reason?: Reason | undefined;
  readonly detail?: string;
  readonly retryable?: boolean;
  readonly image?: ComparisonFailure['image'];
  readonly errors?: readonly ProblemItem[] | undefined;
  readonly requestId?: string | undefined;
  readonly jobId?: string | undefined;
}

/** Returns the RFC 9457 problem of a code. `type` is a relative reference into docs/errors.md. */
export function createProblem(code: ErrorCode, facts: ProblemFacts = {}): Problem {
  const { reason } = facts;
  return {
    type: `/docs/errors#${code}`,
    title: code.replaceAll('_', ' '),
    status: STATUS_OF[code],
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
