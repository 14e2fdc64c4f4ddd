import { type ErrorCode, VerificationError } from '../../shared/errors.js';
import { decide, type Probe } from '../../worker/verification/decide.js';
import type { ComparedPhoto } from './compare-photos.js';

export interface DecisionRule {
  readonly threshold: number;
  readonly minMatches: 2 | 3;
}

/** The service's answer: a decision, or the photos that cannot be used and the error of the first one. */
export type PhotoDecision =
  | { readonly matched: boolean; readonly matches: number }
  | { readonly code: ErrorCode; readonly images: readonly string[] };

/** Returns the service's answer for these photos. Undefined unless there are three probes and a reference, as in a request. */
export function decidePhotos(
  photos: readonly ComparedPhoto[],
  rule: DecisionRule,
): PhotoDecision | undefined {
  const [first, second, third, reference] = photos;
  if (!first || !second || !third || !reference) return undefined;
  if (reference.error) return { code: reference.error.code, images: ['back_image'] };
  const decision = decide({
    probes: {
      front_image1: toProbe(first),
      front_image2: toProbe(second),
      front_image3: toProbe(third),
    },
    ...rule,
  });
  if (decision.kind === 'undecided') return { code: decision.error.code, images: decision.unusable };
  return { matched: decision.matched, matches: decision.matches };
}

/** Returns a decision as a sentence. */
export function describeDecision(decision: PhotoDecision, { minMatches }: DecisionRule): string {
  if ('code' in decision) return `error ${decision.code} (${decision.images.join(', ')})`;
  return `matched: ${decision.matched} (${decision.matches} of 3 match, ${minMatches} required)`;
}

function toProbe({ comparison, error }: ComparedPhoto): Probe {
  if (comparison) return { usable: true, similarity: comparison.similarity };
  return { usable: false, error: error ?? new VerificationError('internal') };
}
