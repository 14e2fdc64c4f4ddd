import { describe, expect, it } from 'vitest';
import {
  checkImageSize,
  estimateDecodeBytes,
  type ImageDimensions,
  type SizeLimits,
} from '../../../../../src/worker/vision/image/check-image-size.js';

const LIMITS: SizeLimits = { maxPixels: 110_000_000, minSidePx: 20, maxDecodeBytes: 800_000_000 };

const image = (width: number, height: number, changes: Partial<ImageDimensions> = {}): ImageDimensions => ({
  ...{ format: 'jpeg', channels: 3, sampleBytes: 1, width, height },
  ...changes,
});

/** Returns the outcome of a photo, which must be the same upright and turned by 90°. */
function outcomeOf(dimensions: ImageDimensions, limits = LIMITS): string {
  const outcomes = [dimensions, { ...dimensions, width: dimensions.height, height: dimensions.width }].map(
    (turned) => {
      try {
        checkImageSize(turned, limits);
        return 'accepted';
      } catch (error) {
        const { code, message } = error as Error & { code: string };
        return `${code}: ${message}`;
      }
    },
  );
  expect(outcomes[1]?.split(':')[0]).toBe(outcomes[0]?.split(':')[0]);
  return outcomes[0] ?? '';
}

describe('checkImageSize', () => {
  it('accepts a side that just holds the smallest face, and refuses one pixel less', () => {
    expect(outcomeOf(image(20, 30))).toBe('accepted');
    expect(outcomeOf(image(19, 30))).toBe(
      'face_too_small: The image is 19 × 30 pixels, too small for a face of 20 pixels.',
    );
  });

  it('accepts a side of 65,535 px and refuses one of 65,536', () => {
    const limits = { ...LIMITS, maxPixels: 268_402_689, maxDecodeBytes: Number.POSITIVE_INFINITY };

    expect(outcomeOf(image(65_535, 3_277, { format: 'jpeg' }), limits)).toBe('accepted');
    expect(outcomeOf(image(65_536, 3_277, { format: 'jpeg' }), limits)).toBe(
      'image_too_large: The image has a side of more than 65535 pixels.',
    );
  });

  it('accepts a longer side of twenty times the shorter, and refuses one pixel more', () => {
    expect(outcomeOf(image(2_000, 100))).toBe('accepted');
    expect(outcomeOf(image(2_001, 100))).toBe(
      "image_too_large: The image's longer side is more than 20 times its shorter side.",
    );
  });

  it('accepts a JPEG of as many pixels as allowed, and refuses a column more', () => {
    expect(outcomeOf(image(11_000, 10_000))).toBe('accepted');
    expect(outcomeOf(image(11_001, 10_000))).toBe(
      'image_too_large: The image has more than 110000000 pixels. Operators can raise MAX_IMAGE_PIXELS.',
    );
  });

  it.each(['png', 'webp', 'avif', 'gif', 'tiff'] as const)(
    'allows %s half the pixels of a JPEG',
    (format) => {
      const limits = { ...LIMITS, maxDecodeBytes: Number.POSITIVE_INFINITY };

      expect(outcomeOf(image(5_500, 10_000, { format }), limits)).toBe('accepted');
      expect(outcomeOf(image(5_501, 10_000, { format }), limits)).toBe(
        'image_too_large: The image has more than 55000000 pixels. Only a JPEG can have up to 110000000. Operators can raise MAX_IMAGE_PIXELS.',
      );
    },
  );

  it('accepts what just fits the memory to decode in, and refuses a column more', () => {
    const cmyk = { channels: 4 };

    expect(outcomeOf(image(10_000, 10_000, cmyk))).toBe('accepted');
    expect(outcomeOf(image(10_001, 10_000, cmyk))).toBe(
      'image_too_large: Decoding the image takes up to 801 MB of memory, more than the 800 MB allowed. A smaller JPEG helps. Operators can raise VISION_MEMORY_MB.',
    );
  });

  it('adds the pixels themselves where photos are decoded at full size', () => {
    const limits = { ...LIMITS, fullSize: true };

    expect(outcomeOf(image(8_000, 11_000), limits)).toBe('accepted');
    expect(outcomeOf(image(9_000, 11_000), limits)).toContain('takes up to 891 MB');
  });
});

describe('estimateDecodeBytes', () => {
  it.each([
    ['a JPEG', { format: 'jpeg' }, 6],
    ['a CMYK JPEG', { format: 'jpeg', channels: 4 }, 8],
    ['a PNG with 16 bits and transparency', { format: 'png', channels: 4, sampleBytes: 2 }, 8],
    ['a grey PNG', { format: 'png', channels: 1 }, 1],
    ['a WebP', { format: 'webp' }, 8],
    ['a GIF', { format: 'gif' }, 5],
    ['a TIFF of floating-point samples', { format: 'tiff', sampleBytes: 4 }, 24],
    ['a TIFF of a hundred bands', { format: 'tiff', channels: 100 }, 200],
    ['an AVIF of 10 bits', { format: 'avif', sampleBytes: 2 }, 40],
  ] as const)('reckons %s by its samples', (_name, changes, bytesPerPixel) => {
    expect(estimateDecodeBytes(image(100, 50, changes))).toBe(5_000 * bytesPerPixel);
  });
});
