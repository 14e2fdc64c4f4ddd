import type { ImageName } from '../../shared/contract/compare-request.js';
import type { ComparisonFailure } from '../../shared/contract/comparison-outcome.js';
import type { ProblemItem } from '../../shared/contract/problem.js';
import { publicFactsOf, VerificationError } from '../../shared/errors.js';
import type { PhotoResults } from './analyse-photo.js';
import type { DuplicatePair } from './find-duplicates.js';

/** Returns the failure of a comparison. The code is that of the first blamed photo; a retry can help if it can help any of them. */
export function failureOf(photos: PhotoResults, blamed: readonly ImageName[]): ComparisonFailure {
  const errors = blamed.flatMap((image): { item: ProblemItem; error: VerificationError }[] => {
    const photo = photos[image];
    return !photo || photo.usable
      ? []
      : [{ item: { image, ...publicFactsOf(photo.error) }, error: photo.error }];
  });
  const [first] = errors;
  const retryAfter = Math.max(...errors.map(({ error }) => error.retryAfterSeconds ?? -1));
  if (!first) throw new Error('this is a bug: an undecided comparison needs a photo to blame');
  return {
    ok: false,
    ...publicFactsOf(first.error),
    detail: `${first.item.image}: ${first.item.detail}`,
    retryable: errors.some(({ error }) => error.retryable),
    ...(retryAfter < 0 ? {} : { retry_after: retryAfter }),
    ...(first.item.image ? { image: first.item.image } : {}),
    errors: errors.map(({ item }) => item),
  };
}

/** Returns the failure of a comparison whose photos are not all different. */
export function duplicateFailure(duplicates: readonly DuplicatePair[]): ComparisonFailure {
  const { code, message, retryable } = new VerificationError('duplicate_image');
  const errors = duplicates.map(({ first, second, kind }): ProblemItem => {
    const how = kind === 'identical' ? 'is the same file as' : 'shows the same picture as';
    return { image: second, code, detail: `${second} ${how} ${first}.` };
  });
  const image = errors[0]?.image;
  return {
    ok: false,
    code,
    detail: errors[0]?.detail ?? message,
    retryable,
    ...(image ? { image } : {}),
    errors,
  };
}
