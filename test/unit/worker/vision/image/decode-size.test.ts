import { describe, expect, it } from 'vitest';
import { firstLongEdge } from '../../../../../src/worker/vision/image/decode-size.js';

const photo = (width: number, height: number) => ({
  format: 'jpeg' as const,
  width,
  height,
  orientation: 1,
  deep: false,
  hasSrgbProfile: false,
});

describe('firstLongEdge', () => {
  it('takes slightly less than an eighth, a quarter or a half of large photos, so that the decoder reduces them', () => {
    expect(firstLongEdge(photo(3000, 4000), 640)).toBe(444);
    expect(firstLongEdge(photo(2448, 1836), 640)).toBe(489);
    expect(firstLongEdge(photo(1224, 1632), 640)).toBe(544);
  });

  it('leaves small photos at full size', () => {
    expect(firstLongEdge(photo(480, 640), 640)).toBe(640);
    expect(firstLongEdge(photo(150, 150), 640)).toBe(150);
  });

  it('never asks for more than the detection size', () => {
    expect(firstLongEdge(photo(900, 1100), 640)).toBe(640);
    expect(firstLongEdge(photo(8000, 6000), 640)).toBe(640);
    expect(firstLongEdge(photo(1224, 1632), 320)).toBe(320);
  });

  it('leaves at least 400 px of the longer edge of every photo that has them', () => {
    for (let longEdge = 400; longEdge < 12_000; longEdge += 7) {
      expect(firstLongEdge(photo(longEdge, 300), 640)).toBeGreaterThanOrEqual(400);
    }
  });
});
