import { describe, expect, it } from 'vitest';
import {
  findDuplicates,
  hashDistance,
  MAX_HASH_DISTANCE,
  MAX_MIRRORED_DISTANCE,
} from '../../../../src/worker/verification/find-duplicates.js';

const photo = (contentDigest: string, perceptualHash: string) => ({ contentDigest, perceptualHash });

describe('findDuplicates', () => {
  it('finds nothing among four different photos', () => {
    const photos = {
      front_image1: photo('a', '0000000000000000'),
      front_image2: photo('b', 'ffffffff00000000'),
      front_image3: photo('c', '00000000ffffffff'),
      back_image: photo('d', 'ffffffffffffffff'),
    };

    expect(findDuplicates(photos)).toEqual([]);
  });

  it('distinguishes the same bytes from the same picture saved again', () => {
    const photos = {
      front_image1: photo('a', '0000000000000000'),
      front_image2: photo('a', '0000000000000000'),
      back_image: photo('b', '0000000000000001'),
    };

    expect(findDuplicates(photos)).toEqual([
      { first: 'front_image1', second: 'front_image2', kind: 'identical' },
      { first: 'front_image1', second: 'back_image', kind: 'near_identical' },
      { first: 'front_image2', second: 'back_image', kind: 'near_identical' },
    ]);
  });

  it('accepts hashes that differ in exactly as many bits as documented', () => {
    const bits = (count: number): string => ((1n << BigInt(count)) - 1n).toString(16).padStart(16, '0');
    const pair = (count: number) => ({
      front_image1: photo('a', bits(0)),
      front_image2: photo('b', bits(count)),
    });

    expect(findDuplicates(pair(MAX_HASH_DISTANCE))).toHaveLength(1);
    expect(findDuplicates(pair(MAX_HASH_DISTANCE + 1))).toHaveLength(0);
  });
});

describe('a mirrored picture', () => {
  /** The mirrored hash of zeros, with this many bits wrong. */
  const mirrored = (wrong: number): string =>
    (0x5555_5555_5555_5555n ^ ((1n << BigInt(wrong)) - 1n)).toString(16).padStart(16, '0');
  const pair = (wrong: number) => ({
    front_image1: photo('a', '0'.repeat(16)),
    front_image2: photo('b', mirrored(wrong)),
  });

  it('is the same photo within as many bits as documented', () => {
    expect(findDuplicates(pair(MAX_MIRRORED_DISTANCE))).toMatchObject([{ kind: 'near_identical' }]);
    expect(findDuplicates(pair(MAX_MIRRORED_DISTANCE + 1))).toEqual([]);
  });
});

describe('hashDistance', () => {
  it('counts differing bits', () => {
    expect(hashDistance('0000000000000000', 'ffffffffffffffff')).toBe(64);
    expect(hashDistance('8000000000000001', '0000000000000000')).toBe(2);
  });
});
