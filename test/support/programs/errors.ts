import { VerificationError } from '../../../src/shared/errors.js';

/** Returns the VerificationError that `run` throws or rejects with; throws if it does neither. */
export async function catchVerificationError(run: () => unknown): Promise<VerificationError> {
  const outcome = await Promise.resolve()
    .then(run)
    .catch((error: unknown) => ({ error }));
  if (typeof outcome === 'object' && outcome !== null && 'error' in outcome) {
    if (outcome.error instanceof VerificationError) return outcome.error;
    throw outcome.error;
  }
  throw new Error('nothing was thrown');
}
