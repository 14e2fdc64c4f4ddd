import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareEmbeddings } from '../../../../../src/worker/vision/face/compare-embeddings.js';
import { evenNumber } from '../../../../support/fuzz/arbitraries.js';

const EMBEDDING_LENGTH = 512;

const component = evenNumber(-100, 100);
const embeddings = fc
  .tuple(fc.array(component, { minLength: 8, maxLength: 8 }), fc.integer({ min: 1, max: 1000 }))
  .map(([seed, step]) => {
    // Eight drawn values spread over the vector, and one that keeps it from being zero.
    const vector = Float32Array.from(
      { length: EMBEDDING_LENGTH },
      (_, i) => (seed[i % 8] ?? 0) * Math.sin(i * step),
    );
    vector[0] = 1;
    return vector;
  });

const unit = (index: number): Float32Array => {
  const vector = new Float32Array(EMBEDDING_LENGTH);
  vector[index] = 1;
  return vector;
};

const modelFailure = (reason: string) =>
  expect.objectContaining({ code: 'model_failure', context: { reason } });

describe('compareEmbeddings', () => {
  it('is 1 for a vector with itself at any length, -1 with its opposite, 0 at a right angle', () => {
    const vector = Float32Array.from({ length: EMBEDDING_LENGTH }, (_, index) => index - 200);

    expect(compareEmbeddings(vector, vector)).toBeCloseTo(1, 14);
    expect(
      compareEmbeddings(
        vector,
        vector.map((value) => value * 3),
      ),
    ).toBeCloseTo(1, 7);
    expect(
      compareEmbeddings(
        vector,
        vector.map((value) => -value),
      ),
    ).toBeCloseTo(-1, 14);
    expect(compareEmbeddings(unit(3), unit(4))).toBe(0);
  });

  it('is the cosine of a known angle: 3-4-5', () => {
    const probe = unit(0);
    const reference = new Float32Array(EMBEDDING_LENGTH);
    reference.set([3, 4]);

    expect(compareEmbeddings(probe, reference)).toBe(0.6);
  });

  it('is symmetric and within -1..1', () => {
    fc.assert(
      fc.property(embeddings, embeddings, (one, other) => {
        const similarity = compareEmbeddings(one, other);

        expect(similarity).toBe(compareEmbeddings(other, one));
        expect(Math.abs(similarity)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('does not leave -1..1 by rounding', () => {
    // Unbounded, its cosine with itself would be 1.0000000000000002.
    const vector = Float32Array.from({ length: EMBEDDING_LENGTH }, (_, index) => (index % 5) + 1);
    const opposite = vector.map((value) => -value);

    expect(compareEmbeddings(vector, vector)).toBe(1);
    expect(compareEmbeddings(vector, opposite)).toBe(-1);
  });

  it('refuses a vector of a wrong length on either side', () => {
    for (const length of [0, 128, 511, 513]) {
      expect(() => compareEmbeddings(new Float32Array(length).fill(1), unit(0))).toThrow(
        modelFailure('embedding_length'),
      );
      expect(() => compareEmbeddings(unit(0), new Float32Array(length).fill(1))).toThrow(
        modelFailure('embedding_length'),
      );
    }
  });

  it('refuses a zero vector', () => {
    expect(() => compareEmbeddings(new Float32Array(EMBEDDING_LENGTH), unit(0))).toThrow(
      modelFailure('embedding_not_comparable'),
    );
    expect(() => compareEmbeddings(unit(0), new Float32Array(EMBEDDING_LENGTH))).toThrow(
      modelFailure('embedding_not_comparable'),
    );
  });

  it('refuses a single component that is not a finite number', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const broken = unit(0);
      broken[511] = value;

      expect(() => compareEmbeddings(broken, unit(0))).toThrow(modelFailure('embedding_not_comparable'));
    }
  });

  it('compares vectors of huge norms without overflowing', () => {
    const huge = new Float32Array(EMBEDDING_LENGTH).fill(3e38);

    expect(compareEmbeddings(huge, huge)).toBeCloseTo(1, 12);
  });
});
