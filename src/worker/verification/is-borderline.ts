import { FRONT_IMAGES } from '../../shared/contract/compare-request.js';
import type { DecisionInput } from './decide.js';

/**
 * True if the similarity that decides lies within `margin` of the threshold. That is the `minMatches`-th highest of the
 * fronts. A front without a similarity counts as the lowest behind a "yes" and as the highest behind a "no", so each
 * photo that becomes known can make a decision less close, and never closer: a decision that is not borderline while
 * fronts are pending never becomes it.
 * @param input a comparison that `decide` has decided, with pending fronts or without
 * @param margin 0..0.2
 */
export function isBorderline(
  { probes, threshold, minMatches }: DecisionInput,
  { matched, margin }: { readonly matched: boolean; readonly margin: number },
): boolean {
  const known = FRONT_IMAGES.flatMap((name) => {
    const probe = probes[name];
    return probe?.usable ? [probe.similarity] : [];
  }).sort((left, right) => right - left);
  const rank = matched ? minMatches : minMatches - (FRONT_IMAGES.length - known.length);
  const deciding = known[rank - 1];
  if (deciding === undefined)
    throw new Error('this is a bug: a decision without the similarity that decides');
  return deciding >= threshold - margin && deciding <= threshold + margin;
}
