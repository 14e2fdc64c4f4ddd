import { APPEARANCE_LENGTH } from '../../../src/worker/vision/recognisability/measure-appearance.js';
import {
  FEATURE_NAMES,
  type FeatureName,
} from '../../../src/worker/vision/recognisability/measure-features.js';
import {
  type FaceEvidence,
  type FaceRating,
  type RecognisabilityData,
  rateFace,
} from '../../../src/worker/vision/recognisability/rate-face.js';
import { fitLogistic } from './fit-logistic.js';

/** One face whose worth is known. */
export interface Example extends FaceEvidence {
  /** Photos of one person are never in two parts of a split. */
  readonly person: string;
  /** Similarity to the clean photo of the same face; 1 for that photo, 0 for what is no face. */
  readonly similarity: number;
  readonly kind: 'clean' | 'spoilt' | 'covered' | 'garbage';
}

/** Shares of clean photos that may score below each limit. */
export interface Refused {
  readonly standard: number;
  readonly strict: number;
  readonly clear: number;
}

interface RatingOptions {
  readonly features: readonly FeatureName[];
  readonly useEmbedding: boolean;
  /** The answer that is right for a face, 0..1. */
  readonly target: (example: Example) => number;
}

/** Up to the first similarity to its clean photo a face should score 0, from the second on 1. */
const HOPELESS = 0.35;
const FINE = 0.8;

/** A clean photo counts as often, for refusing one is worse than letting one spoilt photo pass. */
const CLEAN_WEIGHT = 3;

/** Factors of the embedding and the appearance beside features of deviation 1: the ridge on their weights. */
const EMBEDDING_STRETCH = 2.5;
const APPEARANCE_STRETCH = 0.25;

const FOLDS = 3;

/** Neither the norm nor the detector's score means the same in another pack. */
const GENERAL_FEATURES = FEATURE_NAMES.filter((name) => name !== 'norm' && name !== 'score');

/** Covered faces count as unusable however alike they still are: what is left of two of them is alike too. */
const scoreTarget = ({ kind, similarity }: Example): number =>
  kind === 'garbage' || kind === 'covered'
    ? 0
    : Math.min(1, Math.max(0, (similarity - HOPELESS) / (FINE - HOPELESS)));

/**
 * Returns what tells faces that can be recognised from the rest with one pack. Its limits come from clean photos of
 * persons that each fold's model has not seen.
 */
export function fitRecognisability(examples: readonly Example[], refused: Refused): RecognisabilityData {
  const options = { features: FEATURE_NAMES, useEmbedding: true };
  const kindOf = (wanted: Example['kind']) => (example: Example) => (example.kind === wanted ? 1 : 0);
  return {
    score: fitRating(examples, { ...options, target: scoreTarget }),
    notAFace: fitRating(examples, { ...options, target: kindOf('garbage') }),
    covered: fitRating(examples, { ...options, target: kindOf('covered') }),
    limits: findLimits(examples, { ...options, target: scoreTarget }, refused),
  };
}

/** Returns the same for any pack: without what differs between packs, and so with more mistakes. */
export function fitGeneral(examples: readonly Example[], refused: Refused): RecognisabilityData {
  const options = { features: GENERAL_FEATURES, useEmbedding: false, target: scoreTarget };
  return { score: fitRating(examples, options), limits: findLimits(examples, options, refused) };
}

function findLimits(
  examples: readonly Example[],
  options: RatingOptions,
  refused: Refused,
): RecognisabilityData['limits'] {
  const unseen: number[] = [];
  for (let fold = 0; fold < FOLDS; fold++) {
    const rating = fitRating(
      examples.filter(({ person }) => partOf(person, FOLDS) !== fold),
      options,
    );
    for (const example of examples) {
      if (example.kind === 'clean' && partOf(example.person, FOLDS) === fold)
        unseen.push(rateFace(example, rating));
    }
  }
  const limit = (share: number) => Number(quantile(unseen, share).toFixed(3));
  return { standard: limit(refused.standard), strict: limit(refused.strict), clear: limit(refused.clear) };
}

function fitRating(
  examples: readonly Example[],
  { features, useEmbedding, target }: RatingOptions,
): FaceRating {
  const scales = features.map((name) => scaleOf(examples.map((example) => example.features[name])));
  const weighted = examples.flatMap((example) =>
    Array.from({ length: example.kind === 'clean' ? CLEAN_WEIGHT : 1 }, () => example),
  );
  const rows = weighted.map(({ features: measured, appearance, embedding }) => {
    const values = features.map(
      (name, index) => (measured[name] - scales[index]!.mean) / scales[index]!.deviation,
    );
    const stretched = useEmbedding ? Array.from(embedding, (value) => value * EMBEDDING_STRETCH) : [];
    const picture = Array.from(appearance, (value) => value * APPEARANCE_STRETCH);
    return Float64Array.from([...values, ...picture, ...stretched, 1]);
  });
  const weights = fitLogistic(rows, weighted.map(target));
  const terms = features.map((name, index) => {
    const { mean, deviation } = scales[index]!;
    return [name, { mean: round(mean), weight: round(weights[index]! / deviation) }] as const;
  });
  const afterPicture = features.length + APPEARANCE_LENGTH;
  const picture = weights.slice(features.length, afterPicture).map((value) => value * APPEARANCE_STRETCH);
  const direction = weights.slice(afterPicture, -1).map((value) => value * EMBEDDING_STRETCH);
  return {
    bias: round(weights.at(-1)!),
    features: Object.fromEntries(terms),
    appearance: Float32Array.from(picture),
    ...(useEmbedding ? { direction: Float32Array.from(direction) } : {}),
  };
}

/** Returns which of `parts` a person belongs to, always the same one. */
export function partOf(person: string, parts: number): number {
  let hash = 2_166_136_261;
  for (let i = 0; i < person.length; i++) hash = Math.imul(hash ^ person.charCodeAt(i), 16_777_619);
  return ((hash ^ (hash >>> 15)) >>> 0) % parts;
}

function scaleOf(values: readonly number[]): { mean: number; deviation: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const square = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { mean, deviation: Math.sqrt(square) || 1 };
}

/** The value below which the given share of `values` lies. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}

const round = (value: number): number => Number(value.toPrecision(7));
