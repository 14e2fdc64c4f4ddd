import { FRONT_IMAGES, type FrontImage, type ImageName } from '../../shared/contract/compare-request.js';
import type { ComparisonFailure } from '../../shared/contract/comparison-outcome.js';
import type { ProblemItem } from '../../shared/contract/problem.js';
import { publicFactsOf, VerificationError } from '../../shared/errors.js';
import type { PhotoResults } from './analyse-photo.js';
import { isMatch, type Probe } from './decide.js';
import type { DuplicatePair } from './find-duplicates.js';

/** Returns the failure of a comparison whose reference is unusable, whatever the fronts are. */
export function referenceFailure(photos: PhotoResults): ComparisonFailure {
  return failureOf(photos, ['back_image']);
}

export interface UndecidedComparison {
  readonly probes: Readonly<Partial<Record<FrontImage, Probe>>>;
  readonly unusable: readonly FrontImage[];
  readonly threshold: number;
  readonly minMatches: number;
}

/** Returns the failure of a comparison that its unusable fronts leave open. The detail says how the other fronts compare. */
export function undecidedFailure(photos: PhotoResults, undecided: UndecidedComparison): ComparisonFailure {
  const failure = failureOf(photos, undecided.unusable);
  const compared = describeCompared(undecided);
  return compared ? { ...failure, detail: `${failure.detail} ${compared}` } : failure;
}

/** `front_image1 does not match. At least 2 fronts must match.`; undefined if no front could be compared. */
function describeCompared({ probes, threshold, minMatches }: UndecidedComparison): string | undefined {
  const outcomes = FRONT_IMAGES.flatMap((name) => {
    const probe = probes[name];
    if (!probe?.usable) return [];
    return [`${name} ${isMatch(probe.similarity, threshold) ? 'matches' : 'does not match'}`];
  });
  if (outcomes.length === 0) return undefined;
  return `${outcomes.join(', ')}. At least ${minMatches} fronts must match.`;
}

/** The code is that of the first unusable photo among `blamed`; a retry can help if it can help any of them. */
function failureOf(photos: PhotoResults, blamed: readonly ImageName[]): ComparisonFailure {
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
