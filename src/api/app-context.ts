import type { ErrorCode } from '../shared/errors.js';

/** What travels with a request through middleware and routes. */
export interface AppContext {
  readonly Variables: {
    requestId: string;
    /** Name of the API key, or `anonymous`. */
    tenant: string;
    /** Set where the request makes or reads a job. */
    jobId?: string;
    /** The problem's code, when the answer is one. */
    code?: ErrorCode;
  };
}
