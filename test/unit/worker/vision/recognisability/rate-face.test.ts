import { describe, expect, it } from 'vitest';
import {
  type FaceFeatures,
  FEATURE_NAMES,
} from '../../../../../src/worker/vision/recognisability/measure-features.js';
import { type FaceRating, rateFace } from '../../../../../src/worker/vision/recognisability/rate-face.js';

const ZEROS = Object.fromEntries(FEATURE_NAMES.map((name) => [name, 0])) as unknown as FaceFeatures;

const rate = (size: number, rating: Partial<FaceRating>): number =>
  rateFace(
    {
      features: { ...ZEROS, size },
      appearance: Float32Array.of(1, 2),
      embedding: Float32Array.of(0.6, 0.8),
    },
    { bias: 0, features: {}, ...rating },
  );

const answerTo = (sum: number): number => 1 / (1 + Math.exp(-sum));

describe('rateFace', () => {
  it('adds up the bias, the measurements, the appearance and the embedding', () => {
    const rating = {
      bias: -1,
      features: { size: { mean: 0.5, weight: 2 } },
      appearance: Float32Array.of(0.25, 0.5),
      direction: Float32Array.of(5, -5),
    };

    expect(rate(1.5, rating)).toBeCloseTo(answerTo(-1 + 2 + 1.25 - 1), 6);
  });

  it('counts the square of a difference alike in both directions, up to its reach', () => {
    const rating = { features: { size: { mean: 1, weight: 0, square: 0.5, reach: 2 } } };

    expect(rate(2, rating)).toBeCloseTo(answerTo(0.5), 6);
    expect(rate(0, rating)).toBeCloseTo(answerTo(0.5), 6);
    expect(rate(9, rating)).toBeCloseTo(answerTo(2), 6);
    expect(rate(-9, rating)).toBeCloseTo(answerTo(2), 6);
  });
});
