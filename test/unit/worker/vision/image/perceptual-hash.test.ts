import { describe, expect, it } from 'vitest';
import { createPyramid } from '../../../../../src/worker/vision/image/image-pyramid.js';
import { hashPhoto } from '../../../../../src/worker/vision/image/perceptual-hash.js';
import type { RgbImage } from '../../../../../src/worker/vision/types.js';

/** A picture of 64 cosines of drawn amplitudes, no two seeds alike: as rich in low frequencies as a photo. */
function waves(
  seed: number,
  { width, height, brighter = 0 }: { width: number; height: number; brighter?: number },
): RgbImage {
  let state = seed + 1;
  const amplitudes = Array.from({ length: 64 }, () => {
    state = (state * 48_271) % 2_147_483_647;
    return (state / 2_147_483_647 - 0.5) * 30;
  });
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const down = Array.from({ length: 8 }, (_, v) => Math.cos((v * Math.PI * (y + 0.5)) / height));
    for (let x = 0; x < width; x++) {
      let value = 120 + brighter;
      for (let u = 0; u < 8; u++) {
        const across = Math.cos((u * Math.PI * (x + 0.5)) / width);
        for (let v = 0; v < 8; v++) value += (amplitudes[v * 8 + u] ?? 0) * across * (down[v] ?? 0);
      }
      const grey = Math.min(255, Math.max(0, value));
      data.fill(grey, (y * width + x) * 3, (y * width + x) * 3 + 3);
    }
  }
  return { width, height, data };
}

const hashOf = (image: RgbImage) => hashPhoto(createPyramid(image));

function distance(one: string, other: string): number {
  const bits = BigInt(`0x${one}`) ^ BigInt(`0x${other}`);
  return [...bits.toString(2)].filter((bit) => bit === '1').length;
}

const SIZE = { width: 160, height: 120 };

describe('hashPhoto', () => {
  it('is 16 hex digits with half of the bits set', () => {
    const hash = hashOf(waves(1, SIZE));

    expect(hash).toMatch(/^[0-9a-f]{16}$/);
    expect(distance(hash, '0000000000000000')).toBeGreaterThanOrEqual(31);
    expect(distance(hash, '0000000000000000')).toBeLessThanOrEqual(32);
  });

  it('is the same for the same pixels', () => {
    expect(hashOf(waves(2, SIZE))).toBe(hashOf(waves(2, SIZE)));
  });

  it.each([1, 2, 3, 4, 5])('changes little when picture %i is scaled or brightened', (seed) => {
    const hash = hashOf(waves(seed, SIZE));

    expect(distance(hash, hashOf(waves(seed, { width: 500, height: 375 })))).toBeLessThanOrEqual(4);
    expect(distance(hash, hashOf(waves(seed, { ...SIZE, brighter: 20 })))).toBeLessThanOrEqual(4);
  });

  it('differs by more than ten bits between any two of ten pictures', () => {
    const hashes = Array.from({ length: 10 }, (_, seed) => hashOf(waves(seed, SIZE)));

    for (const [i, one] of hashes.entries()) {
      for (const other of hashes.slice(i + 1)) expect(distance(one, other)).toBeGreaterThan(10);
    }
  });

  it('differs between a picture and its mirror image', () => {
    const picture = waves(3, SIZE);
    const mirrored = { ...picture, data: new Uint8Array(picture.data.length) };
    for (let i = 0; i < SIZE.width * SIZE.height; i++) {
      const x = SIZE.width - 1 - (i % SIZE.width);
      const from = (Math.floor(i / SIZE.width) * SIZE.width + x) * 3;
      mirrored.data.set(picture.data.subarray(from, from + 3), i * 3);
    }

    expect(distance(hashOf(picture), hashOf(mirrored))).toBeGreaterThan(10);
  });
});
