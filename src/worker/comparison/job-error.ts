import type { ComparisonFailure } from '../../shared/contract/comparison-outcome.js';
import { publicFactsOf, toVerificationError } from '../../shared/errors.js';

/** Why a running comparison is aborted. `lost`: its lock is gone, so its result would be refused. */
export type AbortReason = 'cancelled' | 'deadline' | 'shutdown' | 'lost';

/** Thrown to make the queue try a comparison again later; carries a code and nothing else into Redis. */
export class RetryLater extends Error {
  override readonly name = 'RetryLater';

  constructor(failure: ComparisonFailure) {
    super(failure.code);
  }
}

/** Thrown inside a comparison whose signal was aborted. */
export class ComparisonAborted extends Error {
  override readonly name = 'ComparisonAborted';
  readonly reason: AbortReason;

  constructor(reason: AbortReason) {
    super(reason);
    this.reason = reason;
  }
}

/** Returns the failure that a caller is told of for an error. What is not ours becomes `internal`. */
export function failureOfError(error: unknown): ComparisonFailure {
  const known = toVerificationError(error);
  return { ok: false, ...publicFactsOf(known), retryable: known.retryable };
}
