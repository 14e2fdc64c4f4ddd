import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  estimateSimilarity,
  invertSimilarity,
  transformPoints,
} from '../../../../../src/worker/vision/face/similarity-transform.js';
import { evenNumber } from '../../../../support/fuzz/arbitraries.js';

const coordinate = evenNumber(-2000, 2000);
const transforms = fc
  .record({
    scale: evenNumber(0.02, 20),
    angle: evenNumber(-Math.PI, Math.PI),
    tx: coordinate,
    ty: coordinate,
  })
  .map(({ scale, angle, tx, ty }) => ({ a: scale * Math.cos(angle), b: scale * Math.sin(angle), tx, ty }));

/** Five points that do not coincide. */
const fivePoints = fc
  .array(coordinate, { minLength: 10, maxLength: 10 })
  .map((values) => Float32Array.from(values, (value, index) => value + index * 7));

function apply(transform: { a: number; b: number; tx: number; ty: number }, x: number, y: number) {
  const { a, b, tx, ty } = transform;
  return [a * x - b * y + tx, b * x + a * y + ty];
}

describe('estimateSimilarity', () => {
  it('finds a quarter turn to the right with doubling and a shift by hand', () => {
    // (1, 0) goes to (0, 1) on a screen whose y points down: clockwise.
    const from = [0, 0, 1, 0, 0, 1];
    const to = [10, 20, 10, 22, 8, 20];

    const { a, b, tx, ty } = estimateSimilarity(from, to);

    expect(a).toBeCloseTo(0, 12);
    expect(b).toBeCloseTo(2, 12);
    expect(tx).toBeCloseTo(10, 12);
    expect(ty).toBeCloseTo(20, 12);
  });

  it('gives the least-squares answer where no exact one exists, worked out by hand', () => {
    // The unit square to a rectangle of 3 × 1: the best scale is 2, without turning, about the middle.
    const transform = estimateSimilarity([0, 0, 1, 0, 1, 1, 0, 1], [0, 0, 3, 0, 3, 1, 0, 1]);

    expect(transform.a).toBeCloseTo(2, 12);
    expect(transform.b).toBeCloseTo(0, 12);
    expect(transform.tx).toBeCloseTo(0.5, 12);
    expect(transform.ty).toBeCloseTo(-0.5, 12);
  });

  it('never mirrors: mirrored points have no better image than one point', () => {
    const mirrored = () => estimateSimilarity([0, 0, 1, 0, 0, 1, 1, 1], [1, 0, 0, 0, 1, 1, 0, 1]);

    expect(mirrored).toThrow(expect.objectContaining({ code: 'model_failure' }));
  });

  it('recovers any transform from five points', () => {
    fc.assert(
      fc.property(transforms, fivePoints, (transform, points) => {
        const to = Float64Array.from({ length: 10 }, (_, i) => {
          const k = i - (i % 2);
          return apply(transform, points[k] ?? 0, points[k + 1] ?? 0)[i % 2] ?? 0;
        });

        const found = estimateSimilarity(points, to);

        const scale = Math.hypot(transform.a, transform.b);
        expect(Math.abs(found.a - transform.a) / scale).toBeLessThan(1e-6);
        expect(Math.abs(found.b - transform.b) / scale).toBeLessThan(1e-6);
      }),
    );
  });

  it('refuses points that coincide or are not finite', () => {
    const to = [0, 0, 1, 0, 0, 1];

    for (const from of [
      [5, 5, 5, 5, 5, 5],
      [Number.NaN, 0, 1, 0, 0, 1],
      [Number.POSITIVE_INFINITY, 0, 1, 0, 0, 1],
    ]) {
      expect(() => estimateSimilarity(from, to)).toThrow(
        expect.objectContaining({ code: 'model_failure', context: { reason: 'degenerate_landmarks' } }),
      );
    }
  });
});

describe('invertSimilarity', () => {
  it('maps every point back', () => {
    fc.assert(
      fc.property(transforms, coordinate, coordinate, (transform, x, y) => {
        const [u = 0, v = 0] = apply(transform, x, y);
        const [backX, backY] = apply(invertSimilarity(transform), u, v);

        expect(backX).toBeCloseTo(x, 4);
        expect(backY).toBeCloseTo(y, 4);
      }),
    );
  });
});

describe('transformPoints', () => {
  it('moves each pair and leaves its input alone', () => {
    const points = Float32Array.of(1, 2, 3, 4);

    const moved = transformPoints({ a: 3, b: 5, tx: 10, ty: 20 }, points);

    expect([...moved]).toEqual([10 + 3 - 10, 20 + 5 + 6, 10 + 9 - 20, 20 + 15 + 12]);
    expect([...points]).toEqual([1, 2, 3, 4]);
  });
});
