import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SimilarityTransform } from '../../../../../src/worker/vision/face/similarity-transform.js';
import { warpImage } from '../../../../../src/worker/vision/face/warp-image.js';
import { createFlatPyramid, createPyramid } from '../../../../../src/worker/vision/image/image-pyramid.js';
import type { RgbImage } from '../../../../../src/worker/vision/types.js';
import { evenNumber } from '../../../../support/fuzz/arbitraries.js';

const SIDE = 16;

const turn = (scale: number, angle: number) => ({ a: scale * Math.cos(angle), b: scale * Math.sin(angle) });

/** Places all around and inside pictures of up to 12 px, turned and scaled in any way. */
const anywhere = fc
  .record({
    scale: evenNumber(0.2, 4),
    angle: evenNumber(-Math.PI, Math.PI),
    tx: evenNumber(-20, 20),
    ty: evenNumber(-20, 20),
  })
  .map(({ scale, angle, tx, ty }): SimilarityTransform => ({ ...turn(scale, angle), tx, ty }));

/** Quarter turns that read whole and half pixels, so that edges are met exactly. */
const onTheGrid = fc
  .record({
    axis: fc.constantFrom([1, 0], [0, 1], [-1, 0], [0, -1]),
    tx: fc.integer({ min: -16, max: 40 }),
    ty: fc.integer({ min: -16, max: 40 }),
  })
  .map(({ axis: [a = 0, b = 0], tx, ty }): SimilarityTransform => ({ a, b, tx: tx / 2, ty: ty / 2 }));

/** Pictures in which every pixel stands out from its neighbours and from black. */
const pictures = fc
  .record({ width: fc.integer({ min: 1, max: 12 }), height: fc.integer({ min: 1, max: 12 }) })
  .map(({ width, height }): RgbImage => {
    const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => 40 + ((i * 89) % 211));
    return { width, height, data };
  });

/** Does what the comment of the tested file promises, one sample at a time. */
function sample({ width, height, data }: RgbImage, { x, y }: { x: number; y: number }, channel: number) {
  const pixel = (column: number, row: number) =>
    column < 0 || row < 0 || column >= width || row >= height
      ? 0
      : (data[(row * width + column) * 3 + channel] ?? Number.NaN);
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const mix = (one: number, other: number, part: number) => one + (other - one) * part;
  return mix(
    mix(pixel(left, top), pixel(left + 1, top), x - left),
    mix(pixel(left, top + 1), pixel(left + 1, top + 1), x - left),
    y - top,
  );
}

function greatestError(picture: RgbImage, toPhoto: SimilarityTransform): number {
  const { data } = warpImage(createFlatPyramid(picture), toPhoto, SIDE);
  const { a, b, tx, ty } = toPhoto;
  const errors = Array.from(data, (value, i) => {
    const [x, y] = [Math.floor(i / 3) % SIDE, Math.floor(i / 3 / SIDE)];
    const place = { x: a * x - b * y + tx, y: b * x + a * y + ty };
    return Math.abs(value - sample(picture, place, i % 3));
  });
  return Math.max(...errors);
}

describe('warpImage', () => {
  it('mixes four pixels, black beyond the edge, wherever and however the cut-out lies', () => {
    fc.assert(
      fc.property(pictures, fc.oneof(anywhere, onTheGrid), (picture, toPhoto) => {
        // Half a grey value by rounding.
        expect(greatestError(picture, toPhoto)).toBeLessThan(0.5 + 1e-6);
      }),
      { numRuns: 500 },
    );
  });

  it('reads a reduced level at the place that the transform gives, also when it turns', () => {
    const width = 240;
    const data = Uint8Array.from({ length: width * width * 3 }, (_, i) => {
      const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
      return [x, y, 77][i % 3] ?? 0;
    });
    const picture = createPyramid({ width, height: width, data });

    fc.assert(
      fc.property(evenNumber(2, 7), evenNumber(-Math.PI, Math.PI), (scale, angle) => {
        const { a, b } = turn(scale, angle);
        const middle = (SIDE - 1) / 2;
        const toPhoto = { a, b, tx: 120 - (a - b) * middle, ty: 120 - (a + b) * middle };

        const cutOut = warpImage(picture, toPhoto, SIDE);

        for (let y = 0; y < SIDE; y++) {
          for (let x = 0; x < SIDE; x++) {
            const at = (y * SIDE + x) * 3;
            expect(Math.abs((cutOut.data[at] ?? 0) - (a * x - b * y + toPhoto.tx))).toBeLessThan(1.5);
            expect(Math.abs((cutOut.data[at + 1] ?? 0) - (b * x + a * y + toPhoto.ty))).toBeLessThan(1.5);
          }
        }
      }),
    );
  });

  it('is a new array with three bytes per pixel and does not change the photo', () => {
    const picture = { width: 2, height: 1, data: Uint8Array.of(10, 20, 30, 40, 50, 60) };

    const cutOut = warpImage(createFlatPyramid(picture), { a: 1, b: 0, tx: 0, ty: 0 }, 2);

    expect(cutOut).toEqual({
      width: 2,
      height: 2,
      data: Uint8Array.of(10, 20, 30, 40, 50, 60, 0, 0, 0, 0, 0, 0),
    });
    expect([...picture.data]).toEqual([10, 20, 30, 40, 50, 60]);
  });
});
