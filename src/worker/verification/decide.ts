import { FRONT_IMAGES, type FrontImage } from '../../shared/contract/compare-request.js';
import { VerificationError } from '../../shared/errors.js';

/** One probe as the decision sees it: its similarity to the reference, or why it is unusable. */
export type Probe =
  | { readonly usable: true; readonly similarity: number }
  | { readonly usable: false; readonly error: VerificationError };

export interface DecisionInput {
  /** The probes known so far. An absent one is pending: its photo is not analysed yet. */
  readonly probes: Readonly<Partial<Record<FrontImage, Probe>>>;
  /** Cosine from which a probe matches, 0..1. */
  readonly threshold: number;
  readonly minMatches: 2 | 3;
}

/**
 * `undecided` lists the unusable probes; its error is that of the first one. `pending`: a pending probe can still change
 * the decision, and at least `needed` of them, 1 to 3, have to be analysed before they can make one.
 */
export type Decision =
  | { readonly kind: 'decided'; readonly matched: boolean; readonly matches: number }
  | {
      readonly kind: 'undecided';
      readonly unusable: readonly FrontImage[];
      readonly error: VerificationError;
    }
  | { readonly kind: 'pending'; readonly needed: number };

/** Without a pending probe, so that the decision is never `pending`. */
interface CompleteInput extends DecisionInput {
  readonly probes: Readonly<Record<FrontImage, Probe>>;
}

/**
 * Decides k of n: with M matching and U unusable or pending probes, true if M ≥ minMatches, false if none of these could
 * change that (M + U < minMatches), else undecided, or pending if a probe is. The only place where `matched` becomes true.
 * @throws VerificationError `model_failure` for a threshold or similarity that is not a number in its range.
 */
export function decide(input: CompleteInput): Exclude<Decision, { kind: 'pending' }>;
export function decide(input: DecisionInput): Decision;
export function decide({ probes, threshold, minMatches }: DecisionInput): Decision {
  requireNumber(threshold, 0, 1);
  if (minMatches !== 2 && minMatches !== 3) throw new VerificationError('model_failure');
  let matches = 0;
  let pending = 0;
  const unusable: FrontImage[] = [];
  let firstError: VerificationError | undefined;
  for (const name of FRONT_IMAGES) {
    const probe = probes[name];
    if (!probe) {
      pending += 1;
    } else if (!probe.usable) {
      unusable.push(name);
      firstError ??= probe.error;
    } else if (isMatch(probe.similarity, threshold)) {
      matches += 1;
    }
  }
  if (matches >= minMatches) return { kind: 'decided', matched: true, matches };
  const possible = matches + unusable.length + pending;
  if (possible < minMatches) return { kind: 'decided', matched: false, matches };
  if (pending > 0) {
    // The shorter way: all of them match, or so many do not that the rest is no longer enough.
    const needed = Math.min(pending, minMatches - matches, possible - minMatches + 1);
    return { kind: 'pending', needed };
  }
  if (firstError === undefined) return { kind: 'decided', matched: false, matches };
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
