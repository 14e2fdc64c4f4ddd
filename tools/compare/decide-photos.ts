import { VerificationError } from '../../src/shared/errors.js';
import { decide, type Probe } from '../../src/worker/verification/decide.js';
import type { ComparedPhoto } from './compare-photos.js';

/** Returns in words what the service would answer to these photos; only a request has three probes. */
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
  return `matched: ${decision.matched} (${decision.matches} of 3 match, ${rule.minMatches} are needed)`;
}

function toProbe({ comparison, error }: ComparedPhoto): Probe {
  if (comparison) return { usable: true, similarity: comparison.similarity };
  return { usable: false, error: error ?? new VerificationError('internal') };
}
