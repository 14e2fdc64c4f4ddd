import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { blockUntrustedLoaders } from '../../../../src/worker/vision/image/decode-image.js';
import { inspectAndDecode } from '../../../support/photos/inspect-and-decode.js';

const LIMITS = { maxPixels: 1_000_000, formats: ['jpeg', 'png', 'webp', 'avif', 'gif', 'tiff'] } as const;
const picture = sharp({ create: { width: 20, height: 10, channels: 3, background: '#a87' } });

describe('blockUntrustedLoaders', () => {
  // Blocking is for the whole process: this file's own, which nothing else runs in.
  beforeAll(() => blockUntrustedLoaders(['jpeg', 'png', 'webp']));

  it.each(['jpeg', 'png', 'webp'] as const)('leaves %s readable from memory', async (format) => {
    const decoded = await inspectAndDecode(await picture.clone().toFormat(format).toBuffer(), LIMITS);

    expect([decoded.width, decoded.height]).toEqual([20, 10]);
  });

  it.each(['avif', 'gif', 'tiff'] as const)(
    'closes the decoder of %s, even to who names it enabled',
    async (format) => {
      const bytes = await picture.clone().toFormat(format).toBuffer();

      await expect(inspectAndDecode(bytes, LIMITS)).rejects.toMatchObject({ code: 'image_undecodable' });
    },
  );

  it('closes the decoder of SVG', async () => {
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');

    await expect(sharp(svg).metadata()).rejects.toThrow('unsupported image format');
  });

  it('closes every file path', async () => {
    const path = new URL('../../../../node_modules/@vladmandic/face-api/demo/sample1.jpg', import.meta.url);

    await expect(sharp(path.pathname).metadata()).rejects.toThrow('unsupported image format');
  });

  it('keeps no pixels in the cache and starts no threads of its own', () => {
    expect(sharp.cache()).toMatchObject({ memory: { max: 0 }, items: { max: 0 } });
    expect(sharp.concurrency()).toBe(1);
  });
});
