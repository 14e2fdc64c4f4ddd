import { type FaceFeatures, FEATURE_NAMES, type FeatureName } from './measure-features.js';

/** Everything that a rating is based on. */
export interface FaceEvidence {
  readonly features: FaceFeatures;
  /** From measureAppearance. */
  readonly appearance: Float32Array;
  /** Length 1. */
  readonly embedding: Float32Array;
}

/** Weights of one measurement. */
export interface FeatureTerm {
  /** Subtracted from the value first. */
  readonly mean: number;
  readonly weight: number;
  /** Weight of the square, for flaws that show as too much and as too little alike. Absent: 0. */
  readonly square?: number | undefined;
  /** Greatest difference from the mean that is squared. */
  readonly reach?: number | undefined;
}

/** A question about a face, answered by 0..1: a logistic model of the measurements, the appearance and the embedding. */
export interface FaceRating {
  readonly bias: number;
  readonly features: Readonly<Partial<Record<FeatureName, FeatureTerm>>>;
  /** Weights of the appearance, 288 numbers. Absent: the appearance is ignored. */
  readonly appearance?: Float32Array;
  /** Weights of the embedding of length 1, as many as it has numbers. Absent: the embedding is ignored. */
  readonly direction?: Float32Array;
}

export interface RecognisabilityLimits {
  /** Lowest scores of a face that is compared, 0..1. */
  readonly standard: number;
  readonly strict: number;
  /** Answer to `flawed` from which a face is doubtful, 0..1. */
  readonly flawed: number;
  /** How far the similarity must exceed the threshold for a match of two doubtful faces, or stay below it for a "no" about one. */
  readonly margin: number;
}

/** What the check knows of a recogniser. */
export interface RecognisabilityData {
  /** How similar a face is expected to be to a clean photo of itself. */
  readonly score: FaceRating;
  /** High for a photo with any flaw, also one that the recogniser copes with. */
  readonly flawed: FaceRating;
  /** High for what is not a face, and for covered faces. Absent: not known. */
  readonly notAFace?: FaceRating;
  readonly covered?: FaceRating;
  readonly limits: RecognisabilityLimits;
}

/**
 * Returns a model's answer for one face. Embeddings of unrecognisable faces are short and crowd together. In so many
 * dimensions a plane separates them from the rest, even those of kinds that the model was not made from.
 */
export function rateFace(face: FaceEvidence, rating: FaceRating): number {
  let sum = rating.bias;
  for (const name of FEATURE_NAMES) {
    const term = rating.features[name];
    if (term) sum += rateFeature(face.features[name] - term.mean, term);
  }
  if (rating.appearance) sum += dotProduct(rating.appearance, face.appearance);
  if (rating.direction) sum += dotProduct(rating.direction, face.embedding);
  return 1 / (1 + Math.exp(-sum));
}

function rateFeature(difference: number, { weight, square = 0, reach = 0 }: FeatureTerm): number {
  return difference * weight + Math.min(Math.abs(difference), reach) ** 2 * square;
}

function dotProduct(weights: Float32Array, values: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < weights.length; i++) sum += weights[i]! * values[i]!;
  return sum;
}
