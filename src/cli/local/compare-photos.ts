import { VerificationError } from '../../shared/errors.js';
import { isMatch } from '../../worker/verification/decide.js';
import { compareEmbeddings } from '../../worker/vision/face/compare-embeddings.js';
import type { FaceAnalysis } from '../../worker/vision/types.js';

/** An encoded photo and its name. */
export interface NamedPhoto {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Comparison of a probe with the reference. */
export interface Comparison {
  /** Cosine, -1..1. */
  readonly similarity: number;
  readonly matched: boolean;
}

/** The result for one photo. */
export interface ComparedPhoto extends NamedPhoto {
  readonly role: 'probe' | 'reference';
  /** Absent if the photo could not be used. */
  readonly analysis?: FaceAnalysis;
  readonly error?: VerificationError;
  /** Absent for the reference, and if one of the two photos could not be used. */
  readonly comparison?: Comparison;
}

export interface CompareOptions {
  readonly analyse: (bytes: Uint8Array) => Promise<FaceAnalysis>;
  /** Cosine from which a probe matches, 0..1. */
  readonly threshold: number;
}

/**
 * Compares every photo except the last with the last one, the reference. A photo that cannot be used is part of the result.
 * @throws VerificationError `model_failure` if two embeddings cannot be compared; any other error of `analyse`.
 */
export async function comparePhotos(
  photos: readonly NamedPhoto[],
  { analyse, threshold }: CompareOptions,
): Promise<readonly ComparedPhoto[]> {
  const analysed = await Promise.all(
    photos.map(async (photo, index): Promise<ComparedPhoto> => {
      const role = index === photos.length - 1 ? 'reference' : 'probe';
      try {
        return { ...photo, role, analysis: await analyse(photo.bytes) };
      } catch (error) {
        if (error instanceof VerificationError) return { ...photo, role, error };
        throw error;
      }
    }),
  );
  const reference = analysed.at(-1)?.analysis;
  return analysed.map((photo) => {
    if (photo.role === 'reference' || !photo.analysis || !reference) return photo;
    const similarity = compareEmbeddings(photo.analysis.embedding, reference.embedding);
    return { ...photo, comparison: { similarity, matched: isMatch(similarity, threshold) } };
  });
}
