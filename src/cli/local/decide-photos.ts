import { VerificationError } from '../../shared/errors.js';
import { decide, type Probe } from '../../worker/verification/decide.js';
import type { ComparedPhoto } from './compare-photos.js';

/** Describes the service's answer for these photos. Undefined unless there are three probes and a reference, as in a request. */
export function decidePhotos(
  photos: readonly ComparedPhoto[],
  rule: { readonly threshold: number; readonly minMatches: 2 | 3 },
): string | undefined {
  const [first, second, third, reference] = photos;
  if (!first || !second || !third || !reference) return undefined;
  if (reference.error) return `error ${reference.error.code} (back_image)`;
  const decision = decide({
    probes: {
      front_image1: toProbe(first),
      front_image2: toProbe(second),
      front_image3: toProbe(third),
    },
    ...rule,
  });
  if (decision.kind === 'undecided') return `error ${decision.error.code} (${decision.unusable.join(', ')})`;
  return `matched: ${decision.matched} (${decision.matches} of 3 match, ${rule.minMatches} required)`;
}

function toProbe({ comparison, error }: ComparedPhoto): Probe {
  if (comparison) return { usable: true, similarity: comparison.similarity };
  return { usable: false, error: error ?? new VerificationError('internal') };
}
