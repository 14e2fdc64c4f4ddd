import { FRONT_IMAGES, type FrontImage } from '../../shared/contract/compare-request.js';
import { VerificationError } from '../../shared/errors.js';

/** One probe as the decision sees it: its similarity to the reference, or why it is unusable. */
export type Probe =
  | { readonly usable: true; readonly similarity: number }
  | { readonly usable: false; readonly error: VerificationError };

export interface DecisionInput {
  readonly probes: Readonly<Record<FrontImage, Probe>>;
  /** Cosine from which a probe matches, 0..1. */
  readonly threshold: number;
  readonly minMatches: 2 | 3;
}

/** `undecided` lists the unusable probes; its error is that of the first one. */
export type Decision =
  | { readonly kind: 'decided'; readonly matched: boolean; readonly matches: number }
  | {
      readonly kind: 'undecided';
      readonly unusable: readonly FrontImage[];
      readonly error: VerificationError;
    };

/**
 * Decides k of n: with M matching and U unusable probes, true if M ≥ minMatches, false if no unusable probe could change
 * that (M + U < minMatches), else undecided. The only place where `matched` becomes true.
 * @throws VerificationError `model_failure` for a threshold or similarity that is not a number in its range.
 */
export function decide({ probes, threshold, minMatches }: DecisionInput): Decision {
  requireNumber(threshold, 0, 1);
  if (minMatches !== 2 && minMatches !== 3) throw new VerificationError('model_failure');
  let matches = 0;
  const unusable: FrontImage[] = [];
  let firstError: VerificationError | undefined;
  for (const name of FRONT_IMAGES) {
    const probe = probes[name];
    if (probe.usable) {
      if (isMatch(probe.similarity, threshold)) matches += 1;
      continue;
    }
    unusable.push(name);
    firstError ??= probe.error;
  }
  if (matches >= minMatches) return { kind: 'decided', matched: true, matches };
  if (firstError === undefined || matches + unusable.length < minMatches) {
    return { kind: 'decided', matched: false, matches };
  }
  return { kind: 'undecided', unusable, error: firstError };
}

/**
 * True if the similarity reaches the threshold, in double precision and without rounding.
 * @throws VerificationError `model_failure` for a similarity that is not a number in [-1, 1].
 */
export function isMatch(similarity: number, threshold: number): boolean {
  requireNumber(similarity, -1, 1);
  return similarity >= threshold;
}

/** JavaScript compares NaN, null and text without an error, and some of these comparisons are true. */
function requireNumber(value: number, min: number, max: number): void {
  if (typeof value !== 'number' || !(value >= min && value <= max))
    throw new VerificationError('model_failure');
}
