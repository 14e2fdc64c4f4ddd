import { describe, expect, it } from 'vitest';
import {
  createFlatPyramid,
  createPyramid,
  halveImage,
} from '../../../../../src/worker/vision/image/image-pyramid.js';

const image = (width: number, height: number, value = 0) => ({
  width,
  height,
  data: new Uint8Array(width * height * 3).fill(value),
});

describe('halveImage', () => {
  it('takes the rounded mean of four pixels in each channel', () => {
    const data = Uint8Array.of(10, 0, 255, 11, 0, 255, 12, 0, 255, 13, 2, 255);

    const half = halveImage({ width: 2, height: 2, data });

    expect(half).toEqual({ width: 1, height: 1, data: Uint8Array.of(12, 1, 255) });
  });

  it('leaves an odd last row and column out', () => {
    const data = new Uint8Array(27);
    data.set([8, 8, 8], 0);
    data.fill(200, 18);

    const half = halveImage({ width: 3, height: 3, data });

    expect(half).toEqual({ width: 1, height: 1, data: Uint8Array.of(2, 2, 2) });
  });
});

describe('createPyramid', () => {
  it('gives the level with one to two pixels for each requested pixel', () => {
    const pyramid = createPyramid(image(640, 480));

    const factors = [0.1, 1, 1.99, 2, 3.9, 4, 8].map((step) => pyramid.levelFor(step).factor);

    expect(factors).toEqual([1, 1, 1, 2, 2, 4, 8]);
    expect(pyramid.levelFor(4).image).toMatchObject({ width: 160, height: 120 });
  });

  it('creates each level once', () => {
    const pyramid = createPyramid(image(64, 64));

    expect(pyramid.levelFor(4).image).toBe(pyramid.levelFor(5).image);
  });

  it('stops where a side would vanish', () => {
    expect(createPyramid(image(5, 1000)).levelFor(100).image.width).toBe(1);
    expect(createPyramid(image(1, 1)).levelFor(16)).toMatchObject({ factor: 1 });
  });
});

describe('createFlatPyramid', () => {
  it('always returns the photo itself', () => {
    const photo = image(64, 64);

    expect(createFlatPyramid(photo).levelFor(16)).toEqual({ image: photo, factor: 1 });
  });
});
