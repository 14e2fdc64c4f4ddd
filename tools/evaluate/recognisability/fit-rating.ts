import { APPEARANCE_LENGTH } from '../../../src/worker/vision/recognisability/measure-appearance.js';
import type { FeatureName } from '../../../src/worker/vision/recognisability/measure-features.js';
import type { FaceEvidence, FaceRating } from '../../../src/worker/vision/recognisability/rate-face.js';
import { fitLogistic } from './fit-logistic.js';

type Labelled = FaceEvidence & { readonly kind: string };

export interface RatingOptions<Example extends Labelled> {
  readonly features: readonly FeatureName[];
  readonly useEmbedding: boolean;
  /** True: the square of each measurement counts too. */
  readonly useSquares?: boolean;
  /** Returns the right answer for a face, 0..1. */
  readonly target: (example: Example) => number;
}

interface Scale {
  readonly mean: number;
  readonly deviation: number;
}

/** A clean photo counts this often: refusing one is worse than accepting one spoilt photo. */
const CLEAN_WEIGHT = 3;

/** Factors of the embedding and the appearance, beside measurements of deviation 1: they set the penalty on the weights. */
const EMBEDDING_STRETCH = 2.5;
const APPEARANCE_STRETCH = 0.25;

/** Deviations from the mean up to which a difference is squared, so that no outlier outweighs everything. */
const REACH = 3;

/** Returns the logistic model that answers best for the examples. */
export function fitRating<Example extends Labelled>(
  examples: readonly Example[],
  { features, useEmbedding, useSquares = false, target }: RatingOptions<Example>,
): FaceRating {
  const scales = features.map((name) => scaleOf(examples.map((example) => example.features[name])));
  const rows = examples.map(({ features: measured, appearance, embedding }) => {
    const values = features.map(
      (name, index) => (measured[name] - scales[index]!.mean) / scales[index]!.deviation,
    );
    const squares = useSquares ? values.map((value) => Math.min(Math.abs(value), REACH) ** 2) : [];
    const picture = Array.from(appearance, (value) => value * APPEARANCE_STRETCH);
    const stretched = useEmbedding ? Array.from(embedding, (value) => value * EMBEDDING_STRETCH) : [];
    return Float64Array.from([...values, ...squares, ...picture, ...stretched, 1]);
  });
  const weights = fitLogistic(rows, {
    targets: examples.map(target),
    counts: examples.map(({ kind }) => (kind === 'clean' ? CLEAN_WEIGHT : 1)),
  });
  const count = features.length;
  const terms = features.map((name, index) => {
    const square = useSquares ? weights[count + index]! : undefined;
    return [name, termOf(scales[index]!, weights[index]!, square)] as const;
  });
  const start = useSquares ? 2 * count : count;
  const end = start + APPEARANCE_LENGTH;
  return {
    bias: round(weights.at(-1)!),
    features: Object.fromEntries(terms),
    appearance: Float32Array.from(weights.slice(start, end), (value) => value * APPEARANCE_STRETCH),
    ...(useEmbedding && {
      direction: Float32Array.from(weights.slice(end, -1), (value) => value * EMBEDDING_STRETCH),
    }),
  };
}

function termOf({ mean, deviation }: Scale, weight: number, square: number | undefined) {
  const linear = { mean: round(mean), weight: round(weight / deviation) };
  if (square === undefined) return linear;
  return { ...linear, square: round(square / deviation ** 2), reach: round(REACH * deviation) };
}

function scaleOf(values: readonly number[]): Scale {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const square = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { mean, deviation: Math.sqrt(square) || 1 };
}

const round = (value: number): number => Number(value.toPrecision(7));
