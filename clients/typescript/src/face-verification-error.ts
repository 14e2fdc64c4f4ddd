import type { ErrorCode, Problem } from './types.js';

/** Codes of the client's own: no answer, no answer in time, an answer that is not the service's. */
type LocalCode = 'connection_failed' | 'timed_out' | 'unexpected_answer';

/** What is known about a failure. */
export interface FailureFacts {
  /** As the service sent it. */
  readonly problem?: Problem;
  /** HTTP status. */
  readonly status?: number;
  readonly retryable?: boolean;
  readonly jobId?: string;
  readonly batchId?: string;
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** A request without a result. `code` says why; a newer service can send codes that `ErrorCode` does not list. */
export class FaceVerificationError extends Error {
  override readonly name = 'FaceVerificationError';
  readonly code: ErrorCode | LocalCode;
  /** HTTP status; absent without an answer. */
  readonly status: number | undefined;
  /** True if the same request can succeed later. The client has already repeated it. */
  readonly retryable: boolean;
  /** The photo that the error is about, and why. */
  readonly image: Problem['image'];
  readonly reason: Problem['reason'];
  /** One entry for each field or photo that is wrong. */
  readonly errors: NonNullable<Problem['errors']>;
  /** The job that continues, or that failed. */
  readonly jobId: string | undefined;
  readonly batchId: string | undefined;
  readonly requestId: string | undefined;
  /** Everything that the service said. */
  readonly problem: Problem | undefined;
  /** Pause that the service asks for, ms. */
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode | LocalCode, message: string, facts: FailureFacts = {}) {
    super(message, { cause: facts.cause });
    const { problem } = facts;
    this.code = code;
    this.problem = problem;
    this.status = facts.status ?? problem?.status;
    this.retryable = problem?.retryable ?? facts.retryable ?? false;
    this.image = problem?.image;
    this.reason = problem?.reason;
    this.errors = problem?.errors ?? [];
    this.jobId = problem?.job_id ?? facts.jobId;
    this.batchId = facts.batchId;
    this.requestId = problem?.request_id;
    this.retryAfterMs = facts.retryAfterMs;
  }
}

/** Returns the error for a problem of the service. */
export function errorOf(problem: Problem, facts: FailureFacts = {}): FaceVerificationError {
  return new FaceVerificationError(problem.code, `${problem.code}: ${problem.detail}`, { ...facts, problem });
}
