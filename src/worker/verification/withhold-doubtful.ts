import { FRONT_IMAGES, type ImageName } from '../../shared/contract/compare-request.js';
import { VerificationError } from '../../shared/errors.js';
import { compareEmbeddings } from '../vision/face/compare-embeddings.js';
import type { PhotoResult, PhotoResults } from './analyse-photo.js';

/**
 * How far the similarity of two doubtful faces must exceed the threshold. Strangers whose photos are both bad rarely get
 * further; docs/accuracy.md has the figures.
 */
export const DOUBTFUL_MARGIN = 0.05;

/**
 * Returns the photos in which a front becomes unusable if its face and that of the reference are both doubtful and their
 * similarity stays below `threshold` + DOUBTFUL_MARGIN: such a similarity says neither yes nor no.
 * @throws VerificationError `model_failure` for a broken embedding.
 */
export function withholdDoubtful(photos: PhotoResults, threshold: number): PhotoResults {
  const reference = photos.back_image;
  if (!reference?.usable || !reference.analysis.doubtful) return photos;
  const result: Partial<Record<ImageName, PhotoResult>> = { ...photos };
  for (const name of FRONT_IMAGES) {
    const probe = photos[name];
    if (!probe?.usable || !probe.analysis.doubtful) continue;
    const similarity = compareEmbeddings(probe.analysis.embedding, reference.analysis.embedding);
    if (similarity >= threshold + DOUBTFUL_MARGIN) continue;
    result[name] = {
      usable: false,
      error: new VerificationError('low_quality', { reason: 'both_unclear' }),
    };
  }
  return result;
}
