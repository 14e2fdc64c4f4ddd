import { FRONT_IMAGES, IMAGE_NAMES } from '../../shared/contract/compare-request.js';
import { ERROR_KINDS } from '../../shared/errors.js';
import type { ShadowJob, ShadowResult } from '../../shared/shadow/shadow-job.js';
import type { Verification } from '../verification/verify-person.js';
import { shadowResultOf } from './shadow-result.js';

/**
 * Why a comparison cannot be counted. `photos_unavailable`: the shadow could not load what the live worker had loaded.
 * `photos_changed`: a URL served other bytes. `no_calibration`: the request named a false match rate that the shadow pack
 * has no threshold for. `expired`: its time ran out. `interrupted`: the worker stopped. `failed`: the shadow pack did.
 */
export const NOT_COMPARED = [
  'photos_unavailable',
  'photos_changed',
  'no_calibration',
  'expired',
  'interrupted',
  'failed',
] as const;
export type NotCompared = (typeof NOT_COMPARED)[number];

export type ShadowVerdict =
  | {
      readonly kind: 'compared';
      readonly live: ShadowResult;
      readonly shadow: ShadowResult;
      /** Similarity of the shadow minus that of the live pack, for each front that both have judged. */
      readonly differences: readonly number[];
      /** The similarity that decides: the `min_matches`-th highest. Absent unless the shadow has judged all fronts. */
      readonly deciding?: number;
    }
  | { readonly kind: 'not_compared'; readonly reason: NotCompared };

/**
 * Compares what the shadow pack found with what the live pack found. Deciding early does not change an outcome, so outcomes
 * are comparable although the live worker may have skipped photos that the shadow has judged.
 */
export function judgeShadow({ live, min_matches }: ShadowJob, verification: Verification): ShadowVerdict {
  const { outcome, photos, similarities } = verification;
  const hasChanged = IMAGE_NAMES.some((name) => {
    const photo = photos[name];
    return photo?.usable && live.digests[name] && photo.analysis.contentDigest !== live.digests[name];
  });
  if (hasChanged) return { kind: 'not_compared', reason: 'photos_changed' };
  const shadow = shadowResultOf(outcome);
  if (!shadow) return { kind: 'not_compared', reason: failureOf(verification) };
  const known = FRONT_IMAGES.flatMap((name) => similarities[name] ?? []).sort((a, b) => b - a);
  const deciding = known.length === FRONT_IMAGES.length ? known[min_matches - 1] : undefined;
  const differences = FRONT_IMAGES.flatMap((name) => {
    const [before, after] = [live.similarities[name], similarities[name]];
    return before === undefined || after === undefined ? [] : [after - before];
  });
  return {
    kind: 'compared',
    live: live.result,
    shadow,
    differences,
    ...(deciding === undefined ? {} : { deciding }),
  };
}

function failureOf({ photos }: Verification): NotCompared {
  const isUnfetched = IMAGE_NAMES.some((name) => {
    const photo = photos[name];
    return photo?.usable === false && ERROR_KINDS[photo.error.code].stage === 'fetch';
  });
  return isUnfetched ? 'photos_unavailable' : 'failed';
}
