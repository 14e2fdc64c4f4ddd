import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ALIGNED_POINTS, alignFace, alignmentOf } from '../../../../../src/worker/vision/face/align-face.js';
import { transformPoints } from '../../../../../src/worker/vision/face/similarity-transform.js';
import { createFlatPyramid, createPyramid } from '../../../../../src/worker/vision/image/image-pyramid.js';
import type { RgbImage } from '../../../../../src/worker/vision/types.js';
import { evenNumber } from '../../../../support/fuzz/arbitraries.js';

/** A picture whose red rises with x, green with y; blue is constant. Bilinear sampling reproduces it exactly. */
function slopes(width: number, height: number): RgbImage {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) data.set([i % width, Math.floor(i / width), 77], i * 3);
  return { width, height, data };
}

const shifted = (dx: number, dy: number) => ALIGNED_POINTS.map((value, i) => value + (i % 2 === 0 ? dx : dy));

const pixel = ({ width, data }: RgbImage, x: number, y: number) => [
  ...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3),
];

describe('the ArcFace template', () => {
  it('holds the published points', () => {
    const published = [
      38.2946, 51.6963, 73.5318, 51.5014, 56.0252, 71.7366, 41.5493, 92.3655, 70.7299, 92.2041,
    ];

    expect([...ALIGNED_POINTS]).toEqual([...Float32Array.from(published)]);
  });
});

describe('alignmentOf', () => {
  it('takes turned, scaled and shifted points back to the template', () => {
    const numbers = fc.record({
      scale: evenNumber(0.1, 10),
      angle: evenNumber(-Math.PI, Math.PI),
      dx: evenNumber(-1000, 1000),
      dy: evenNumber(-1000, 1000),
    });

    fc.assert(
      fc.property(numbers, ({ scale, angle, dx, dy }) => {
        const away = { a: scale * Math.cos(angle), b: scale * Math.sin(angle), tx: dx, ty: dy };
        const landmarks = transformPoints(away, ALIGNED_POINTS);

        const back = transformPoints(alignmentOf(landmarks), landmarks);

        for (const [i, value] of back.entries()) expect(value).toBeCloseTo(ALIGNED_POINTS[i] ?? 0, 1);
      }),
    );
  });
});

describe('alignFace', () => {
  it('cuts out the template itself unchanged', () => {
    const picture = slopes(112, 112);

    const aligned = alignFace(createFlatPyramid(picture), ALIGNED_POINTS);

    expect(aligned).toEqual(picture);
  });

  it('reads whole and half pixels where the points say', () => {
    const picture = slopes(200, 200);

    const whole = alignFace(createFlatPyramid(picture), shifted(40, 25));
    const half = alignFace(createFlatPyramid(picture), shifted(40.5, 25));

    expect(pixel(whole, 10, 20)).toEqual([50, 45, 77]);
    // 50.5 rounds up, as OpenCV rounds.
    expect(pixel(half, 10, 20)).toEqual([51, 45, 77]);
  });

  it('puts a face upright that lies on its side', () => {
    const picture = slopes(112, 112);
    // Turned clockwise by a quarter about the middle: (x, y) goes to (111 − y, x).
    const landmarks = transformPoints({ a: 0, b: 1, tx: 111, ty: 0 }, ALIGNED_POINTS);

    const aligned = alignFace(createFlatPyramid(picture), landmarks);

    expect(pixel(aligned, 30, 40)).toEqual([111 - 40, 30, 77]);
  });

  it('is black outside the photo and fades over its last pixel', () => {
    const white = { width: 56, height: 112, data: new Uint8Array(56 * 112 * 3).fill(200) };

    const aligned = alignFace(createFlatPyramid(white), ALIGNED_POINTS);
    const faded = alignFace(createFlatPyramid(white), shifted(-0.5, 0));

    expect(pixel(aligned, 55, 50)).toEqual([200, 200, 200]);
    expect(pixel(aligned, 56, 50)).toEqual([0, 0, 0]);
    expect(pixel(faded, 0, 50)).toEqual([100, 100, 100]);
  });

  it('reads a reduced level without shifting the picture', () => {
    const picture = slopes(240, 240);
    const far = transformPoints({ a: 2.1, b: 0, tx: 2, ty: 3 }, ALIGNED_POINTS);

    const exact = alignFace(createFlatPyramid(picture), far);
    const reduced = alignFace(createPyramid(picture), far);

    for (const [x, y] of [
      [20, 30],
      [56, 56],
      [100, 90],
    ] as const) {
      for (const [channel, value] of pixel(reduced, x, y).entries()) {
        expect(Math.abs(value - (pixel(exact, x, y)[channel] ?? 0))).toBeLessThanOrEqual(1);
      }
    }
  });

  it('refuses points that coincide', () => {
    const align = () => alignFace(createFlatPyramid(slopes(10, 10)), new Float32Array(10).fill(5));

    expect(align).toThrow(expect.objectContaining({ code: 'model_failure' }));
  });
});
