import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boxOverlap, suppressOverlaps } from '../../../../../src/worker/vision/detect/nms.js';
import type { Box, FaceDetection } from '../../../../../src/worker/vision/types.js';
import { evenNumber } from '../../../../support/fuzz/arbitraries.js';

const detection = (box: Box, score: number): FaceDetection => ({
  box,
  score,
  landmarks: new Float32Array(10),
});

const side = fc.integer({ min: 1, max: 200 });
const place = fc.integer({ min: -50, max: 300 });
const boxes = fc.record({ x: place, y: place, width: side, height: side });
const detections = fc.array(
  fc.tuple(boxes, evenNumber(0, 1)).map(([box, score]) => detection(box, score)),
  { maxLength: 30 },
);

describe('boxOverlap', () => {
  it('counts edges as pixels: two boxes of 10 × 10 pixels that share a column of 5', () => {
    const one = { x: 0, y: 0, width: 9, height: 9 };
    const other = { x: 5, y: 0, width: 9, height: 9 };

    expect(boxOverlap(one, other)).toBeCloseTo(50 / 150, 12);
  });

  it('sees boxes that share a single row or column of pixels', () => {
    const one = { x: 0, y: 0, width: 9, height: 9 };

    expect(boxOverlap(one, { x: 9, y: 0, width: 9, height: 9 })).toBeCloseTo(10 / 190, 12);
    expect(boxOverlap(one, { x: 0, y: 9, width: 9, height: 9 })).toBeCloseTo(10 / 190, 12);
  });

  it('is 0 for boxes apart in one direction only', () => {
    const one = { x: 0, y: 0, width: 10, height: 10 };

    expect(boxOverlap(one, { x: 0, y: 20, width: 10, height: 10 })).toBe(0);
    expect(boxOverlap(one, { x: 20, y: 0, width: 10, height: 10 })).toBe(0);
  });

  it('is symmetric, 1 with itself, and never outside 0..1', () => {
    fc.assert(
      fc.property(boxes, boxes, (one, other) => {
        const overlap = boxOverlap(one, other);

        expect(overlap).toBe(boxOverlap(other, one));
        expect(overlap).toBeGreaterThanOrEqual(0);
        expect(overlap).toBeLessThanOrEqual(1);
        expect(boxOverlap(one, one)).toBe(1);
      }),
    );
  });
});

describe('suppressOverlaps', () => {
  it('keeps the better of two overlapping faces and both of two apart', () => {
    const good = detection({ x: 0, y: 0, width: 100, height: 100 }, 0.9);
    const poor = detection({ x: 10, y: 10, width: 100, height: 100 }, 0.8);
    const apart = detection({ x: 300, y: 0, width: 100, height: 100 }, 0.7);

    expect(suppressOverlaps([apart, poor, good], 0.4)).toEqual([good, apart]);
  });

  it('keeps a face that overlaps only a suppressed one', () => {
    const best = detection({ x: 0, y: 0, width: 99, height: 99 }, 0.9);
    const middle = detection({ x: 40, y: 0, width: 99, height: 99 }, 0.8);
    const last = detection({ x: 80, y: 0, width: 99, height: 99 }, 0.7);

    expect(suppressOverlaps([best, middle, last], 0.4)).toEqual([best, last]);
  });

  it('keeps an overlap of exactly the limit, as InsightFace does', () => {
    const one = detection({ x: 0, y: 0, width: 9, height: 9 }, 0.9);
    const other = detection({ x: 5, y: 0, width: 9, height: 9 }, 0.8);

    expect(suppressOverlaps([one, other], 50 / 150)).toHaveLength(2);
    expect(suppressOverlaps([one, other], 50 / 150 - 1e-9)).toHaveLength(1);
  });

  it('keeps the best, sorts by score, leaves no overlap, and drops none without a better neighbour', () => {
    fc.assert(
      fc.property(detections, (faces) => {
        const kept = suppressOverlaps(faces, 0.4);

        expect(kept[0]?.score).toBe(faces.length === 0 ? undefined : Math.max(...faces.map((f) => f.score)));
        expect(kept.map((f) => f.score)).toEqual(kept.map((f) => f.score).sort((a, b) => b - a));
        for (const [i, one] of kept.entries()) {
          for (const other of kept.slice(i + 1))
            expect(boxOverlap(one.box, other.box)).toBeLessThanOrEqual(0.4);
        }
        for (const face of faces.filter((f) => !kept.includes(f))) {
          expect(kept.some((k) => k.score >= face.score && boxOverlap(k.box, face.box) > 0.4)).toBe(true);
        }
      }),
    );
  });

  it('gives the same again when it is applied twice, and leaves its input alone', () => {
    fc.assert(
      fc.property(detections, (faces) => {
        const before = [...faces];
        const once = suppressOverlaps(faces, 0.4);

        expect(suppressOverlaps(once, 0.4)).toEqual(once);
        expect(faces).toEqual(before);
      }),
    );
  });
});
