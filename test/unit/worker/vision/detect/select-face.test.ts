import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { selectFace } from '../../../../../src/worker/vision/detect/select-face.js';
import type { FaceDetection } from '../../../../../src/worker/vision/types.js';

const PHOTO = { width: 1000, height: 800 };

const face = (x: number, y: number, size: number, score = 0.9): FaceDetection => ({
  box: { x, y, width: size, height: size },
  score,
  landmarks: new Float32Array(10),
});

const bystander = face(0, 0, 300);
const subject = face(450, 350, 100);

describe('selectFace', () => {
  it('selects a large bystander under `largest`', () => {
    expect(selectFace([subject, bystander], 'largest', PHOTO)).toBe(bystander);
  });

  it('selects the face in the middle under `central`', () => {
    expect(selectFace([bystander, subject], 'central', PHOTO)).toBe(subject);
  });

  it('measures the middle in both directions', () => {
    const beside = face(480, 0, 40);
    const below = face(450, 600, 40);

    expect(selectFace([beside, below], 'central', PHOTO)).toBe(below);
  });

  it('measures from the middle of a face to the middle of the photo', () => {
    const large = face(300, 200, 400);
    const near = face(520, 410, 10);

    expect(selectFace([near, large], 'central', PHOTO)).toBe(large);
  });

  it('takes the larger of two faces that differ by less than a pixel', () => {
    const smaller = face(0, 0, 10, 0.99);
    const larger = face(0, 0, 10.02, 0.9);

    expect(selectFace([smaller, larger], 'largest', PHOTO)).toBe(larger);
  });

  it('refuses two faces under `single`, and accepts one', () => {
    expect(() => selectFace([subject, bystander], 'single', PHOTO)).toThrow(
      expect.objectContaining({ code: 'multiple_faces', context: { faces_found: 2 } }),
    );
    expect(selectFace([subject], 'single', PHOTO)).toBe(subject);
  });

  it.each(['largest', 'central', 'single'] as const)('refuses a photo without a face (%s)', (policy) => {
    expect(() => selectFace([], policy, PHOTO)).toThrow(expect.objectContaining({ code: 'face_not_found' }));
  });

  it('takes the better-scored of two equal faces', () => {
    const better = face(100, 100, 100, 0.95);
    const poorer = face(100, 100, 100, 0.9);

    expect(selectFace([poorer, better], 'largest', PHOTO)).toBe(better);
    expect(selectFace([better, poorer], 'central', PHOTO)).toBe(better);
  });

  it('takes the one further left of two faces equally far from the middle', () => {
    const faces = [face(342, 342, 342), face(258, 258, 258)];

    expect(selectFace(faces, 'central', PHOTO)).toBe(selectFace(faces.toReversed(), 'central', PHOTO));
  });

  it('does not depend on the order in which faces were found', () => {
    const some = fc.uniqueArray(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 8 });

    fc.assert(
      fc.property(some, fc.constantFrom('largest' as const, 'central' as const), (sizes, policy) => {
        const faces = sizes.map((size) => face(size, size, size));

        expect(selectFace(faces.toReversed(), policy, PHOTO)).toBe(selectFace(faces, policy, PHOTO));
      }),
    );
  });
});
