import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../../src/worker/vision/digest.js';

describe('digestOf', () => {
  it('is the SHA-256 of FIPS 180-2 for "abc"', () => {
    expect(digestOf(Buffer.from('abc'))).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
  });
});
