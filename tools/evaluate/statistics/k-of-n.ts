import { VerificationError } from '../../../src/shared/errors.js';
import { decide, type Probe } from '../../../src/worker/verification/decide.js';

/** A reference and three probes of one person, with the similarity of each probe; undefined if it is unusable. */
export interface ScoredVerification {
  readonly mated: boolean;
  readonly similarities: readonly [number | undefined, number | undefined, number | undefined];
}

/** Outcomes of verifications of one kind. */
export interface VerificationCount {
  readonly matched: number;
  readonly notMatched: number;
  /** An unusable photo might have changed the outcome. */
  readonly undecided: number;
}

/**
 * Returns how many verifications of one kind the service's rule decides as matched, not matched or undecided. These are
 * real attempts: errors of three photos of one person are correlated, so products of single-pair rates are far too
 * optimistic.
 */
export function countOutcomes(
  verifications: Iterable<ScoredVerification>,
  rule: { readonly mated: boolean; readonly threshold: number; readonly minMatches: 2 | 3 },
): VerificationCount {
  const count = { matched: 0, notMatched: 0, undecided: 0 };
  for (const { mated, similarities } of verifications) {
    if (mated !== rule.mated) continue;
    const [first, second, third] = similarities.map(toProbe) as [Probe, Probe, Probe];
    const decision = decide({
      probes: { front_image1: first, front_image2: second, front_image3: third },
      threshold: rule.threshold,
      minMatches: rule.minMatches,
    });
    if (decision.kind === 'undecided') count.undecided += 1;
    else if (decision.matched) count.matched += 1;
    else count.notMatched += 1;
  }
  return count;
}

function toProbe(similarity: number | undefined): Probe {
  return similarity === undefined
    ? { usable: false, error: new VerificationError('face_not_found') }
    : { usable: true, similarity };
}
