import type { ErrorCode } from '../../shared/errors.js';
import type { Reason } from '../../shared/reasons.js';

/** What travels with a request through middleware and routes. */
export interface AppContext {
  readonly Variables: {
    requestId: string;
    /** Name of the API key, or `anonymous`. */
    tenant: string;
    /** Set where the request makes or reads a job. */
    jobId?: string;
    /** What makes the job of this request part of its trace; absent when there is no trace. */
    traceparent?: string;
    /** The problem's code, when the answer is one. */
    code?: ErrorCode;
    /** Why that code applies, where the problem says so. */
    reason?: Reason;
  };
}
