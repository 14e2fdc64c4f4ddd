import { FRONT_IMAGES, type ImageName } from '../../shared/contract/compare-request.js';
import { VerificationError } from '../../shared/errors.js';
import { compareEmbeddings } from '../vision/face/compare-embeddings.js';
import type { PhotoResult, PhotoResults } from './analyse-photo.js';

/**
 * Returns the photos in which a front becomes unusable if its face and that of the reference are both doubtful and their
 * similarity stays below `threshold` plus their margin: such a similarity says neither yes nor no. docs/accuracy.md has
 * the figures.
 * @throws VerificationError `model_failure` for a broken embedding.
 */
export function withholdDoubtful(photos: PhotoResults, threshold: number): PhotoResults {
  const reference = photos.back_image;
  if (!reference?.usable || reference.analysis.doubtMargin === 0) return photos;
  const result: Partial<Record<ImageName, PhotoResult>> = { ...photos };
  for (const name of FRONT_IMAGES) {
    const probe = photos[name];
    if (!probe?.usable || probe.analysis.doubtMargin === 0) continue;
    const similarity = compareEmbeddings(probe.analysis.embedding, reference.analysis.embedding);
    const margins = [probe.analysis.doubtMargin, reference.analysis.doubtMargin];
    if (!isTooDoubtful(similarity, { threshold, margins })) continue;
    result[name] = {
      usable: false,
      error: new VerificationError('low_quality', { reason: 'both_unclear' }),
      contentDigest: probe.analysis.contentDigest,
    };
  }
  return result;
}

/**
 * True if a similarity says neither yes nor no, because both faces are doubtful. `margins`: `doubtMargin` of each face.
 */
export function isTooDoubtful(
  similarity: number,
  { threshold, margins }: { readonly threshold: number; readonly margins: readonly number[] },
): boolean {
  const margin = Math.min(...margins);
  // Also withholds NaN.
  return margin > 0 && !(similarity >= threshold + margin);
}
