import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFlatPyramid } from '../../../../../src/worker/vision/image/image-pyramid.js';
import { type Placement, placeTopLeft } from '../../../../../src/worker/vision/image/placement.js';
import {
  type Normalisation,
  writeRoundedTensor,
  writeTensor,
} from '../../../../../src/worker/vision/image/to-tensor.js';
import type { RgbImage } from '../../../../../src/worker/vision/types.js';

const PLAIN: Normalisation = { mean: 0, std: 1, channels: 'rgb' };

/** Every sample another value, so that a misplaced one shows. */
function counted(width: number, height: number): RgbImage {
  return { width, height, data: Uint8Array.from({ length: width * height * 3 }, (_, index) => index) };
}

function tensorOf(image: RgbImage, placement: Placement, normalisation: Normalisation = PLAIN): Float32Array {
  const tensor = new Float32Array(3 * placement.canvas.width * placement.canvas.height).fill(Number.NaN);
  writeTensor(tensor, createFlatPyramid(image), { placement, normalisation });
  return tensor;
}

const unscaled = (image: RgbImage, quarterTurns: 0 | 1 | 2 | 3 = 0, pad = 0): Placement => {
  const [width, height] = quarterTurns % 2 === 0 ? [image.width, image.height] : [image.height, image.width];
  const canvas = { width: width + pad, height: height + pad };
  return placeTopLeft(image, { canvas, longEdgePx: Math.max(width, height), quarterTurns });
};

describe('writeTensor', () => {
  it('separates the channels into planes, red first', () => {
    const tensor = tensorOf(counted(2, 1), unscaled(counted(2, 1)));

    expect([...tensor]).toEqual([0, 3, 1, 4, 2, 5]);
  });

  it('puts blue first for a model that wants BGR', () => {
    const tensor = tensorOf(counted(2, 1), unscaled(counted(2, 1)), { ...PLAIN, channels: 'bgr' });

    expect([...tensor]).toEqual([2, 5, 1, 4, 0, 3]);
  });

  it('normalises pixels and pads with normalised black', () => {
    const white = { width: 1, height: 1, data: Uint8Array.of(255, 255, 255) };

    const tensor = tensorOf(white, unscaled(white, 0, 1), { mean: 127.5, std: 128, channels: 'rgb' });

    expect(tensor[0]).toBeCloseTo(127.5 / 128, 6);
    for (const index of [1, 2, 3, 5, 6, 7]) expect(tensor[index]).toBeCloseTo(-127.5 / 128, 6);
    expect(tensor[4]).toBeCloseTo(127.5 / 128, 6);
  });

  it('halves a row between pixel centres and repeats the edge when it doubles', () => {
    const row = { width: 4, height: 1, data: Uint8Array.of(0, 0, 0, 10, 0, 0, 20, 0, 0, 30, 0, 0) };
    const placement = (width: number): Placement => ({
      ...unscaled(row),
      canvas: { width, height: 1 },
      content: { width, height: 1 },
    });

    expect([...tensorOf(row, placement(2)).subarray(0, 2)]).toEqual([5, 25]);
    expect([...tensorOf(row, placement(8)).subarray(0, 8)]).toEqual([
      0, 2.5, 7.5, 12.5, 17.5, 22.5, 27.5, 30,
    ]);
  });

  it('turns clockwise by quarters', () => {
    const picture = { width: 2, height: 1, data: Uint8Array.of(1, 0, 0, 2, 0, 0) };

    const red = ([0, 1, 2, 3] as const).map((turns) => [
      ...tensorOf(picture, unscaled(picture, turns)).subarray(0, 2),
    ]);

    // A row 1 2 becomes, read downwards after one turn, 1 2; after three, 2 1.
    expect(red).toEqual([
      [1, 2],
      [1, 2],
      [2, 1],
      [2, 1],
    ]);
  });

  it('turns a picture of two rows as turning its pixels by hand does', () => {
    const picture = counted(3, 2);
    const at = (x: number, y: number) => picture.data[(y * 3 + x) * 3];

    const once = tensorOf(picture, unscaled(picture, 1)).subarray(0, 6);
    const thrice = tensorOf(picture, unscaled(picture, 3)).subarray(0, 6);

    expect([...once]).toEqual([at(0, 1), at(0, 0), at(1, 1), at(1, 0), at(2, 1), at(2, 0)]);
    expect([...thrice]).toEqual([at(2, 0), at(2, 1), at(1, 0), at(1, 1), at(0, 0), at(0, 1)]);
  });

  it('shows the part of a content that a shifted canvas covers', () => {
    const picture = counted(4, 4);
    const placement = { ...unscaled(picture), canvas: { width: 2, height: 2 }, offsetX: -1, offsetY: -2 };

    const tensor = tensorOf(picture, placement);

    expect([...tensor.subarray(0, 4)]).toEqual([27, 30, 39, 42]);
  });

  it('gives the same content whatever the padding', () => {
    const size = fc.integer({ min: 1, max: 12 });

    fc.assert(
      fc.property(
        size,
        size,
        size,
        fc.constantFrom(0 as const, 1 as const, 2 as const, 3 as const),
        (w, h, pad, turns) => {
          const picture = counted(w, h);
          const tight = unscaled(picture, turns);
          const wide = unscaled(picture, turns, pad);
          const small = tensorOf(picture, tight);
          const large = tensorOf(picture, wide);

          for (let y = 0; y < tight.canvas.height; y++) {
            for (let x = 0; x < tight.canvas.width; x++) {
              expect(large[y * wide.canvas.width + x]).toBe(small[y * tight.canvas.width + x]);
            }
          }
        },
      ),
    );
  });

  it('overwrites everything in the buffer', () => {
    const picture = counted(3, 3);

    expect(tensorOf(picture, unscaled(picture, 0, 5)).some(Number.isNaN)).toBe(false);
  });
});

describe('writeRoundedTensor', () => {
  it('rounds to whole grey values, halves up, and only then normalises', () => {
    const row = { width: 2, height: 1, data: Uint8Array.of(0, 0, 0, 11, 3, 0) };
    const placement = {
      ...unscaled(row),
      canvas: { width: 2, height: 1 },
      content: { width: 1, height: 1 },
    };
    const tensor = new Float32Array(6).fill(Number.NaN);

    writeRoundedTensor(tensor, createFlatPyramid(row), {
      placement,
      normalisation: { mean: 100, std: 10, channels: 'bgr' },
    });

    // Means of 0, 1.5 and 5.5, each beside one pixel of black padding.
    const expected = [0, 0, 2, 0, 6, 0].map((value) => Math.fround((value - 100) / 10));
    expect([...tensor]).toEqual(expected);
  });
});
