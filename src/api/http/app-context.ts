import type { IncomingMessage } from 'node:http';
import type { ErrorCode } from '../../shared/errors.js';
import type { Reason } from '../../shared/reasons.js';
import type { CallerRules } from '../access/access.js';

/** Facts about a request that middleware and operations share. */
export interface AppContext {
  readonly Bindings: {
    /** Absent where the app is called without a server. */
    readonly incoming?: IncomingMessage;
  };
  readonly Variables: {
    requestId: string;
    /** Name of the API key, or `anonymous`. */
    tenant: string;
    /** What the caller may do, as it was when the request was accepted. Absent where only operators are accepted. */
    rules: CallerRules;
    /** True for the key of an operator. */
    isOperator?: boolean;
    /** Set if the request creates or reads a job. */
    jobId?: string;
    /** Set if the request creates or reads a batch. */
    batchId?: string;
    /** Makes the job of this request part of its trace. Absent without a trace. */
    traceparent?: string;
    /** How to log in, where it is not with `Bearer`. */
    challenge?: string;
    /** Code of the problem, if the answer is one. */
    code?: ErrorCode;
    /** Why that code applies, if the problem says so. */
    reason?: Reason;
  };
}
