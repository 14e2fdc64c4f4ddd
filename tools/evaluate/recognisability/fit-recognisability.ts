import {
  type FaceFeatures,
  FEATURE_NAMES,
  type FeatureName,
} from '../../../src/worker/vision/recognisability/measure-features.js';
import type { RecognisabilityData } from '../../../src/worker/vision/recognisability/rate-face.js';
import { type FaceRating, rateFace } from '../../../src/worker/vision/recognisability/rate-face.js';
import { fitLogistic } from './fit-logistic.js';

/** One face whose worth is known. */
export interface Example {
  /** Photos of one person are never in two parts of a split. */
  readonly person: string;
  readonly features: FaceFeatures;
  /** Length 1. */
  readonly embedding: Float32Array;
  /** Similarity to the clean photo of the same face; 1 for that photo, 0 for what is no face. */
  readonly similarity: number;
  readonly kind: 'clean' | 'spoilt' | 'covered' | 'garbage';
}

/** Shares of clean photos that may be refused. */
export interface Refused {
  readonly standard: number;
  readonly strict: number;
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

/** How far the embedding is stretched beside features of deviation 1: a smaller ridge on each of its weights. */
const EMBEDDING_STRETCH = 2.5;

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
    for (const { kind, person, features, embedding } of examples) {
      if (kind === 'clean' && partOf(person, FOLDS) === fold)
        unseen.push(rateFace(features, embedding, rating));
    }
  }
  const limit = (share: number) => Number(quantile(unseen, share).toFixed(3));
  return { standard: limit(refused.standard), strict: limit(refused.strict) };
}

function fitRating(
  examples: readonly Example[],
  { features, useEmbedding, target }: RatingOptions,
): FaceRating {
  const scales = features.map((name) => scaleOf(examples.map((example) => example.features[name])));
  const weighted = examples.flatMap((example) =>
    Array.from({ length: example.kind === 'clean' ? CLEAN_WEIGHT : 1 }, () => example),
  );
  const rows = weighted.map(({ features: measured, embedding }) => {
    const values = features.map(
      (name, index) => (measured[name] - scales[index]!.mean) / scales[index]!.deviation,
    );
    const stretched = useEmbedding ? Array.from(embedding, (value) => value * EMBEDDING_STRETCH) : [];
    return Float64Array.from([...values, ...stretched, 1]);
  });
  const weights = fitLogistic(rows, weighted.map(target));
  const terms = features.map((name, index) => {
    const { mean, deviation } = scales[index]!;
    return [name, { mean: round(mean), weight: round(weights[index]! / deviation) }] as const;
  });
  const direction = weights.slice(features.length, -1).map((value) => value * EMBEDDING_STRETCH);
  return {
    bias: round(weights.at(-1)!),
    features: Object.fromEntries(terms),
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
