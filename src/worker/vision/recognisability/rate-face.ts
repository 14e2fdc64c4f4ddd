import { type FaceFeatures, FEATURE_NAMES, type FeatureName } from './measure-features.js';

/** A question to a face, answered by 0..1: a logistic model of what was measured and of the embedding. */
export interface FaceRating {
  readonly bias: number;
  /** For each feature: what is taken from it, and what the rest is multiplied with. */
  readonly features: Readonly<
    Partial<Record<FeatureName, { readonly mean: number; readonly weight: number }>>
  >;
  /** As many numbers as an embedding has, for the embedding of length 1. Absent: the embedding is not asked. */
  readonly direction?: Float32Array;
}

/** Score below which a face may not be compared. */
export interface RecognisabilityLimits {
  readonly standard: number;
  readonly strict: number;
}

/** What the check knows of a pack. */
export interface RecognisabilityData {
  /** How similar a face is expected to be to a clean photo of itself. */
  readonly score: FaceRating;
  /** Whether it is no face, and whether it is covered. Absent: nobody can say. */
  readonly notAFace?: FaceRating;
  readonly covered?: FaceRating;
  readonly limits: RecognisabilityLimits;
}

/**
 * Returns the answer of a model for one face. `embedding`: length 1. Embeddings of faces that cannot be recognised crowd
 * together and are short; in so many dimensions a plane tells them from the rest, also for kinds of photos that it was not
 * made from.
 */
export function rateFace(features: FaceFeatures, embedding: Float32Array, rating: FaceRating): number {
  let sum = rating.bias;
  for (const name of FEATURE_NAMES) {
    const term = rating.features[name];
    if (term) sum += (features[name] - term.mean) * term.weight;
  }
  if (rating.direction) {
    for (let i = 0; i < rating.direction.length; i++) sum += rating.direction[i]! * embedding[i]!;
  }
  return 1 / (1 + Math.exp(-sum));
}
