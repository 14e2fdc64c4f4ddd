import { FRONT_IMAGES, type ImageName } from '../../shared/contract/compare-request.js';
import { VerificationError } from '../../shared/errors.js';
import type { NamedReason } from '../../shared/reasons.js';
import { compareEmbeddings } from '../vision/face/compare-embeddings.js';
import type { PhotoResult, PhotoResults } from './analyse-photo.js';

/** Why two faces say neither yes nor no. */
type Doubt = Extract<NamedReason, 'both_unclear' | 'one_unclear'>;

/**
 * Returns the photos in which a front becomes unusable if it and the reference say neither yes nor no, because one face
 * or both are doubtful. docs/accuracy.md has the figures.
 * @throws VerificationError `model_failure` for a broken embedding.
 */
export function withholdDoubtful(photos: PhotoResults, threshold: number): PhotoResults {
  const reference = photos.back_image;
  if (!reference?.usable) return photos;
  const result: Partial<Record<ImageName, PhotoResult>> = { ...photos };
  for (const name of FRONT_IMAGES) {
    const probe = photos[name];
    if (!probe?.usable) continue;
    const margins = [probe.analysis.doubtMargin, reference.analysis.doubtMargin] as const;
    if (Math.max(...margins) === 0) continue;
    const similarity = compareEmbeddings(probe.analysis.embedding, reference.analysis.embedding);
    const reason = findDoubt(similarity, { threshold, margins });
    if (!reason) continue;
    result[name] = {
      usable: false,
      error: new VerificationError('low_quality', { reason }),
      contentDigest: probe.analysis.contentDigest,
    };
  }
  return result;
}

/**
 * Returns why a similarity says neither yes nor no; undefined if it says one of them. Two doubtful faces that resemble
 * each other can be strangers, and two that do not can be one person. If only one is doubtful, its flaw can have cost a
 * match, but never makes one. `margins`: `doubtMargin` of each face.
 */
export function findDoubt(
  similarity: number,
  { threshold, margins }: { readonly threshold: number; readonly margins: readonly [number, number] },
): Doubt | undefined {
  const least = Math.min(...margins);
  const most = Math.max(...margins);
  // Also withholds NaN.
  if (least > 0) return similarity >= threshold + least ? undefined : 'both_unclear';
  if (most === 0 || similarity >= threshold || similarity < threshold - most) return undefined;
  return 'one_unclear';
}
