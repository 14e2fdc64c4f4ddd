import { type FaceFeatures, FEATURE_NAMES, type FeatureName } from './measure-features.js';

/** Everything a rating is based on. */
export interface FaceEvidence {
  readonly features: FaceFeatures;
  /** From measureAppearance. */
  readonly appearance: Float32Array;
  /** Length 1. */
  readonly embedding: Float32Array;
}

/** A question to a face, answered by 0..1: a logistic model of what was measured and of the embedding. */
export interface FaceRating {
  readonly bias: number;
  /** For each feature: the value to subtract, and the weight of the rest. */
  readonly features: Readonly<
    Partial<Record<FeatureName, { readonly mean: number; readonly weight: number }>>
  >;
  /** Weights of the appearance, 288 numbers. Absent: the appearance is ignored. */
  readonly appearance?: Float32Array;
  /** Weights of the embedding of length 1, as many as it has numbers. Absent: the embedding is ignored. */
  readonly direction?: Float32Array;
}

/** Scores, 0..1. */
export interface RecognisabilityLimits {
  /** Below this a face is not compared. */
  readonly standard: number;
  readonly strict: number;
  /** Below this a face is doubtful: two doubtful faces must be more alike than the threshold to match. */
  readonly clear: number;
}

/** What the check knows of a pack. */
export interface RecognisabilityData {
  /** How similar a face is expected to be to a clean photo of itself. */
  readonly score: FaceRating;
  /** Answers that are high for what is not a face and for covered faces. Absent: not known. */
  readonly notAFace?: FaceRating;
  readonly covered?: FaceRating;
  readonly limits: RecognisabilityLimits;
}

/**
 * Returns the answer of a model for one face. Embeddings of faces that cannot be recognised crowd together and are short;
 * in so many dimensions a plane separates them from the rest, even for kinds of photos that it was not made from.
 */
export function rateFace(face: FaceEvidence, rating: FaceRating): number {
  let sum = rating.bias;
  for (const name of FEATURE_NAMES) {
    const term = rating.features[name];
    if (term) sum += (face.features[name] - term.mean) * term.weight;
  }
  if (rating.appearance) sum += dotProduct(rating.appearance, face.appearance);
  if (rating.direction) sum += dotProduct(rating.direction, face.embedding);
  return 1 / (1 + Math.exp(-sum));
}

function dotProduct(weights: Float32Array, values: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < weights.length; i++) sum += weights[i]! * values[i]!;
  return sum;
}
