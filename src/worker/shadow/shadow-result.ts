import type { ComparisonOutcome } from '../../shared/contract/comparison-outcome.js';
import { ERROR_KINDS, type ErrorCode } from '../../shared/errors.js';
import type { ShadowResult } from '../../shared/shadow/shadow-job.js';

/**
 * Returns how shadow mode counts an outcome; undefined if something other than the photos left it open, such as an image
 * host: that says nothing about a model.
 */
export function shadowResultOf(outcome: ComparisonOutcome): ShadowResult | undefined {
  if (outcome.ok) return outcome.matched ? 'matched' : 'not_matched';
  const isAboutPhoto = (code: ErrorCode): boolean => ERROR_KINDS[code].stage === 'photo';
  return (outcome.errors ?? [outcome]).every(({ code }) => isAboutPhoto(code)) ? 'could_not_tell' : undefined;
}
