import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import type { RgbImage } from '../../../../../src/worker/vision/types.js';
import { orientationSegment, withJpegSegments } from '../../../../support/builders/jpeg-builder.js';
import { inspectAndDecode, inspectAndDecodeRegion } from '../../../../support/photos/inspect-and-decode.js';
import { samplePhoto } from '../../../../support/photos/photos.js';
import {
  channelBias,
  crop,
  meanDifference,
  openRgb,
  remap,
  storeWithOrientation,
} from '../../../../support/photos/rgb-images.js';

const LIMITS = { maxPixels: 10_000_000, formats: ['jpeg', 'png', 'webp'] } as const;
const ORIENTATIONS = [1, 2, 3, 4, 5, 6, 7, 8] as const;

describe('decodeImage', () => {
  let upright: RgbImage;
  const stored = async (orientation: number): Promise<Buffer> =>
    openRgb(storeWithOrientation(upright, orientation)).withMetadata({ orientation }).png().toBuffer();

  beforeAll(async () => {
    upright = await inspectAndDecode(await sharp(samplePhoto(1)).resize(301, 200).png().toBuffer(), LIMITS);
  });

  it.each(ORIENTATIONS)('puts a photo of EXIF orientation %i upright', async (orientation) => {
    const decoded = await inspectAndDecode(await stored(orientation), LIMITS);

    expect(meanDifference(decoded, upright)).toBe(0);
    expect(decoded.scale).toBe(1);
  });

  it.each(ORIENTATIONS)(
    'cuts a region from a photo of EXIF orientation %i as from the upright one',
    async (orientation) => {
      const region = { x: 40, y: 25, width: 91, height: 60 };

      const decoded = await inspectAndDecodeRegion(await stored(orientation), { ...LIMITS, region });

      expect(decoded.region).toEqual(region);
      expect(meanDifference(decoded, crop(upright, region))).toBe(0);
    },
  );

  it('rounds a region outwards to whole pixels and clips it to the photo', async () => {
    const region = { x: -5.5, y: 150.4, width: 20.6, height: 100 };

    const decoded = await inspectAndDecodeRegion(await stored(1), { ...LIMITS, region });

    expect(decoded.region).toEqual({ x: 0, y: 150, width: 16, height: 50 });
    expect(meanDifference(decoded, crop(upright, decoded.region))).toBe(0);
  });

  it.each([
    { x: 400, y: 0, width: 10, height: 10 },
    { x: 0, y: 0, width: 0, height: 10 },
    { x: Number.NaN, y: 0, width: 10, height: 10 },
  ])('takes a region outside the photo for a bug: %j', async (region) => {
    await expect(inspectAndDecodeRegion(await stored(1), { ...LIMITS, region })).rejects.toThrow(
      'this is a bug',
    );
  });

  it('turns clockwise after the photo has been put upright', async () => {
    const { width, height } = upright;
    const quarter = remap(upright, { width: height, height: width }, (x, y) => [y, height - 1 - x]);

    const turned = await inspectAndDecode(await stored(7), { ...LIMITS, rotateDeg: 90 });
    const back = await inspectAndDecode(await openRgb(turned).png().toBuffer(), {
      ...LIMITS,
      rotateDeg: 270,
    });

    expect(meanDifference(turned, quarter)).toBe(0);
    expect(meanDifference(back, upright)).toBe(0);
  });

  it('reduces to the requested longer edge and reports the scale', async () => {
    const decoded = await inspectAndDecode(await stored(6), {
      ...LIMITS,
      targetLongEdgePx: 150,
      rotateDeg: 90,
    });

    expect([decoded.width, decoded.height]).toEqual([100, 150]);
    expect(decoded.scale).toBeCloseTo(150 / 301, 10);
  });

  it('never enlarges', async () => {
    const decoded = await inspectAndDecode(await stored(1), { ...LIMITS, targetLongEdgePx: 640 });

    expect(meanDifference(decoded, upright)).toBe(0);
    expect(decoded.scale).toBe(1);
  });

  it.each([
    [1, 960],
    [1, 480],
    [1, 320],
    [6, 480],
    [7, 256],
  ])(
    'decodes a JPEG of orientation %i reduced to %i px as if it were resized from full size',
    async (orientation, target) => {
      const jpeg = withJpegSegments(samplePhoto(2), [orientationSegment(orientation)]);
      const full = await inspectAndDecode(jpeg, LIMITS);

      const reduced = await inspectAndDecode(jpeg, { ...LIMITS, targetLongEdgePx: target });

      const { width, height } = reduced;
      const data = await openRgb(full).resize(width, height, { fit: 'fill' }).raw().toBuffer();
      expect(Math.max(width, height)).toBe(target);
      // Measured 0.4 to 2.1 of 255: the JPEG's own transform keeps edges a little harder than a resize; colours stay.
      expect(meanDifference(reduced, { width, height, data })).toBeLessThan(2.5);
      for (const bias of channelBias(reduced, { width, height, data }))
        expect(Math.abs(bias)).toBeLessThan(1);
    },
  );

  it('keeps one pixel of the shorter edge of the longest strip allowed', async () => {
    const strip = await sharp({ create: { width: 400, height: 20, channels: 3, background: '#123456' } })
      .png()
      .toBuffer();

    const decoded = await inspectAndDecode(strip, { ...LIMITS, targetLongEdgePx: 20 });

    expect([decoded.width, decoded.height]).toEqual([20, 1]);
    expect([...decoded.data.subarray(0, 3)]).toEqual([0x12, 0x34, 0x56]);
  });

  it('shows mid-grey where the photo is transparent', async () => {
    const background = { r: 255, g: 0, b: 0, alpha: 0 };
    const clear = await sharp({ create: { width: 8, height: 8, channels: 4, background } })
      .webp({ lossless: true, exact: true })
      .toBuffer();

    const decoded = await inspectAndDecode(clear, LIMITS);

    expect(new Set(decoded.data)).toEqual(new Set([128]));
  });

  it('refuses a truncated photo instead of inventing its pixels', async () => {
    const photo = samplePhoto(3);

    const refused = inspectAndDecode(photo.subarray(0, photo.length * 0.9), LIMITS);

    await expect(refused).rejects.toMatchObject({ code: 'image_undecodable', retryable: false });
  });

  it('cuts a huge region around its centre', async () => {
    const wide = await sharp({ create: { width: 5_000, height: 300, channels: 3, background: '#123456' } })
      .jpeg()
      .toBuffer();

    const decoded = await inspectAndDecodeRegion(wide, {
      ...LIMITS,
      region: { x: 0, y: 0, width: 5_000, height: 300 },
    });

    expect(decoded.region).toEqual({ x: 452, y: 0, width: 4_096, height: 300 });
    expect([decoded.width, decoded.height]).toEqual([4_096, 300]);
  });

  it('applies the pixel limit to regions and reduced decoding too', async () => {
    const limits = { ...LIMITS, maxPixels: 60_199 };

    const reduced = async () => inspectAndDecode(await stored(1), { ...limits, targetLongEdgePx: 10 });
    const region = async () =>
      inspectAndDecodeRegion(await stored(1), { ...limits, region: { x: 0, y: 0, width: 5, height: 5 } });

    await expect(reduced()).rejects.toMatchObject({ code: 'image_too_large' });
    await expect(region()).rejects.toMatchObject({ code: 'image_too_large' });
  });

  it('leaves the encoded bytes as they were', async () => {
    const png = await stored(6);
    const before = Buffer.from(png);

    await inspectAndDecode(png, { ...LIMITS, targetLongEdgePx: 64 });

    expect(png.equals(before)).toBe(true);
  });
});
