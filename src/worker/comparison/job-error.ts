import type { ComparisonFailure } from '../../shared/contract/comparison-outcome.js';
import { publicFactsOf, toVerificationError } from '../../shared/errors.js';

/** Why a running comparison is aborted. `lost`: its lock has expired, so BullMQ would refuse its result. */
export type AbortReason = 'cancelled' | 'deadline' | 'shutdown' | 'lost';

/** Thrown to make the queue retry a comparison later. Only the error code reaches Redis. */
export class RetryLater extends Error {
  override readonly name = 'RetryLater';

  constructor(failure: ComparisonFailure) {
    super(failure.code);
  }
}

/** The reason of the signal of an aborted comparison. */
export class ComparisonAborted extends Error {
  override readonly name = 'ComparisonAborted';
  readonly reason: AbortReason;

  constructor(reason: AbortReason) {
    super(reason);
    this.reason = reason;
  }
}

/** Converts an error to the failure shown to the caller. Unknown errors become `internal`. */
export function failureOfError(error: unknown): ComparisonFailure {
  const known = toVerificationError(error);
  return { ok: false, ...publicFactsOf(known), retryable: known.retryable };
}
