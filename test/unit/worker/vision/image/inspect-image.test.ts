import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { imageLimitsOf, inspectImage } from '../../../../../src/worker/vision/image/inspect-image.js';
import {
  manyScanJpeg,
  orientationSegment,
  withJpegFrame,
  withJpegSegments,
} from '../../../../support/builders/jpeg-builder.js';
import { blackPng, pngChunk } from '../../../../support/builders/png-builder.js';
import { animated } from '../../../../support/photos/hostile-images.js';
import { samplePhoto } from '../../../../support/photos/photos.js';
import { liteSettings } from '../../../../support/photos/vision-settings.js';

const LIMITS = { maxPixels: 1_000_000, formats: ['jpeg', 'png', 'webp'] } as const;
const ALL = { ...LIMITS, formats: ['jpeg', 'png', 'webp', 'avif', 'gif', 'tiff'] } as const;

const flat = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: '#a87' } });

describe('inspectImage', () => {
  it('gives the format and size of a photo', async () => {
    const info = await inspectImage(await flat(300, 200).webp().toBuffer(), LIMITS);

    expect(info).toEqual({
      format: 'webp',
      width: 300,
      height: 200,
      orientation: 1,
      deep: false,
      hasSrgbProfile: false,
    });
  });

  it('gives the size of the upright picture', async () => {
    const stored = await flat(300, 200).jpeg().toBuffer();

    const info = await inspectImage(withJpegSegments(stored, [orientationSegment(8)]), LIMITS);

    expect(info).toMatchObject({ width: 200, height: 300, orientation: 8 });
  });

  it.each([0, 9, 99])('treats the invalid EXIF orientation %i as upright', async (orientation) => {
    const stored = await flat(300, 200).jpeg().toBuffer();

    const info = await inspectImage(withJpegSegments(stored, [orientationSegment(orientation)]), LIMITS);

    expect(info).toMatchObject({ width: 300, height: 200, orientation: 1 });
  });

  it('allows a JPEG exactly as many pixels as the limit says, and not one row more', async () => {
    const allowed = () => inspectImage(manyScanJpeg({ width: 1000, height: 1000, scans: 1 }), LIMITS);
    const refused = () => inspectImage(manyScanJpeg({ width: 1000, height: 1001, scans: 1 }), LIMITS);

    await expect(allowed()).resolves.toMatchObject({ width: 1000, height: 1000 });
    await expect(refused()).rejects.toMatchObject({ code: 'image_too_large' });
  });

  it('refuses by the size, depth and channels that the header of each format states', async () => {
    const limits = { ...ALL, maxDecodeBytes: 2_400_000 };
    const refusal = (bytes: Buffer) =>
      inspectImage(bytes, limits).then(
        () => 'accepted',
        (error: Error) => error.message,
      );
    const size = { width: 600, height: 600 };

    const outcomes = await Promise.all([
      refusal(blackPng({ ...size, depth: 16, colourType: 6 })),
      refusal(blackPng({ ...size, depth: 16, colourType: 2 })),
      refusal(await flat(600, 600).webp().toBuffer()),
      refusal(await flat(600, 600).gif().toBuffer()),
      refusal(await flat(600, 600).ensureAlpha(0.5).tiff({ compression: 'none' }).toBuffer()),
      refusal(await flat(600, 600).tiff().toBuffer()),
      refusal(await flat(600, 600).avif({ effort: 0 }).toBuffer()),
      refusal(await flat(600, 600).jpeg({ progressive: true }).toBuffer()),
      refusal(await flat(600, 600).toColourspace('cmyk').jpeg().toBuffer()),
    ]);

    const takes = (megabytes: number) => expect.stringContaining(`takes up to ${megabytes} MB of memory`);
    expect(outcomes).toEqual([
      takes(3),
      'accepted',
      takes(3),
      'accepted',
      takes(3),
      'accepted',
      takes(8),
      'accepted',
      takes(3),
    ]);
  });

  it.each([
    ['1 × 50,000,000', 'face_too_small', { width: 1, height: 50_000_000 }],
    [
      '1,000,000 × 50',
      'image_too_large',
      { width: 1_000_000, height: 50, depth: 16, colourType: 6 } as const,
    ],
  ])('refuses a PNG of %s px with %s under the default settings', async (_name, code, header) => {
    const refused = inspectImage(blackPng(header), imageLimitsOf(liteSettings()));

    await expect(refused).rejects.toMatchObject({ code });
  });

  it.each([
    ['50', 8_192, 6_144],
    ['64', 9_280, 6_944],
    ['108', 12_032, 9_024],
  ])(
    'accepts the photo of a camera of %s megapixels under the default settings',
    async (_name, width, height) => {
      const info = await inspectImage(
        manyScanJpeg({ width, height, scans: 10 }),
        imageLimitsOf(liteSettings()),
      );

      expect(info).toMatchObject({ width, height });
    },
  );

  it('allows a small JPEG a hundred scans and refuses one more', async () => {
    const allowed = () => inspectImage(manyScanJpeg({ width: 100, height: 100, scans: 100 }), LIMITS);
    const refused = () => inspectImage(manyScanJpeg({ width: 100, height: 100, scans: 101 }), LIMITS);

    await expect(allowed()).resolves.toMatchObject({ format: 'jpeg' });
    await expect(refused()).rejects.toMatchObject({ code: 'image_too_large' });
  });

  it('allows the largest JPEG only as many scans as the budget permits', async () => {
    const allowed = () => inspectImage(manyScanJpeg({ width: 1000, height: 1000, scans: 12 }), LIMITS);
    const refused = () => inspectImage(manyScanJpeg({ width: 1000, height: 1000, scans: 13 }), LIMITS);

    await expect(allowed()).resolves.toMatchObject({ format: 'jpeg' });
    await expect(refused()).rejects.toMatchObject({ code: 'image_too_large' });
  });

  it('refuses a type that is readable but not enabled, by name', async () => {
    const refused = inspectImage(await flat(30, 20).gif().toBuffer(), LIMITS);

    await expect(refused).rejects.toMatchObject({
      code: 'image_unsupported',
      message: 'The file is GIF, which is not supported. Send JPEG, PNG or WebP.',
    });
  });

  it.each(['webp', 'gif'] as const)(
    'refuses an animated %s even where the type is enabled',
    async (format) => {
      const frames = await animated(await flat(30, 20).png().toBuffer());
      const moving = await frames[format]().toBuffer();

      const refused = inspectImage(moving, ALL);

      await expect(refused).rejects.toMatchObject({
        code: 'image_unsupported',
        message: expect.stringMatching(/^The file is an animated (WebP|GIF), which is not supported\.$/),
      });
    },
  );

  it.each<[string, () => Promise<Buffer>]>([
    ['a lossless JPEG', async () => withJpegFrame(samplePhoto(1), { marker: 0xc3 })],
    ['a hierarchical JPEG', async () => withJpegFrame(samplePhoto(1), { marker: 0xc5 })],
    ['a JPEG of 12 bits per sample', async () => withJpegFrame(samplePhoto(1), { marker: 0xc1, bits: 12 })],
    ['JPEG-LS', async () => withJpegFrame(samplePhoto(1), { marker: 0xf7 })],
    [
      'a PNG for iOS apps (CgBI)',
      async () => {
        const png = await flat(30, 20).png().toBuffer();
        const chunk = pngChunk('CgBI', Buffer.of(0x50, 0, 0x20, 2));
        return Buffer.concat([png.subarray(0, 8), chunk, png.subarray(8)]);
      },
    ],
  ])('names %s for what it is', async (name, make) => {
    const refused = inspectImage(await make(), LIMITS);

    await expect(refused).rejects.toMatchObject({
      code: 'image_unsupported',
      message: `The file is ${name}, which is not supported. Send JPEG, PNG or WebP.`,
    });
  });

  it('refuses an empty file and one of an unknown type with different messages', async () => {
    const empty = () => inspectImage(new Uint8Array(0), LIMITS);
    const unknown = () => inspectImage(Uint8Array.of(1, 2, 3), LIMITS);

    await expect(empty()).rejects.toMatchObject({
      code: 'image_unsupported',
      message: 'The file is empty. Send JPEG, PNG or WebP.',
    });
    await expect(unknown()).rejects.toMatchObject({
      code: 'image_unsupported',
      message: 'The file is not an image of a known type. Send JPEG, PNG or WebP.',
    });
  });

  it('refuses a broken header', async () => {
    const refused = inspectImage(samplePhoto(1).subarray(0, 100), LIMITS);

    await expect(refused).rejects.toMatchObject({ code: 'image_undecodable' });
  });

  it('reads a view into a larger buffer, not the buffer', async () => {
    const png = await flat(30, 20).png().toBuffer();
    const larger = Buffer.concat([Buffer.alloc(7, 0xff), png, Buffer.alloc(7, 0xff)]);

    const info = await inspectImage(new Uint8Array(larger.buffer, larger.byteOffset + 7, png.length), LIMITS);

    expect(info).toMatchObject({ format: 'png', width: 30, height: 20 });
  });
});
