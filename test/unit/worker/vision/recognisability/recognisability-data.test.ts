import { describe, expect, it } from 'vitest';
import type { FaceRating } from '../../../../../src/worker/vision/recognisability/rate-face.js';
import {
  readRecognisability,
  type StoredRecognisability,
  storeRating,
} from '../../../../../src/worker/vision/recognisability/recognisability-data.js';

const RATING: FaceRating = {
  bias: 0.5,
  features: { norm: { mean: 1, weight: 2, square: -0.5, reach: 3 } },
  direction: new Float32Array(512).map((_, index) => index / 1_000),
};

const LIMITS = { standard: 0.5, strict: 0.7, flawed: 0.4, margin: 0.15 };

function block(changes: Partial<StoredRecognisability> = {}): StoredRecognisability {
  const stored = storeRating(RATING);
  return { score: stored, flawed: stored, not_a_face: stored, covered: stored, limits: LIMITS, ...changes };
}

describe('readRecognisability', () => {
  it('reads what storeRating wrote', () => {
    const data = readRecognisability(block(), 512);

    expect(data).toEqual({
      score: RATING,
      flawed: RATING,
      notAFace: RATING,
      covered: RATING,
      limits: LIMITS,
    });
  });

  it('ignores the embedding of a pack without a block', () => {
    expect(readRecognisability(undefined, 512).score).not.toHaveProperty('direction');
  });

  it.each([
    ['score', Buffer.alloc(511 * 4)],
    ['covered', Buffer.alloc(513 * 4)],
    ['not_a_face', Buffer.alloc(512 * 4, 0xff)],
    ['score', Buffer.alloc(0)],
  ] as const)('names %s if its direction is not 512 finite numbers', (part, bytes) => {
    const direction = bytes.toString('base64');
    const damaged = block({ [part]: { ...storeRating(RATING), direction } });

    expect(() => readRecognisability(damaged, 512)).toThrow(`recognisability.${part}.direction`);
  });

  it('names a feature that does not exist, which would otherwise count for nothing', () => {
    const features = { sharpnes: { mean: 0, weight: 1 } } as FaceRating['features'];
    const damaged = block({ covered: { ...storeRating(RATING), features } });

    expect(() => readRecognisability(damaged, 512)).toThrow('recognisability.covered.features: "sharpnes"');
  });
});
