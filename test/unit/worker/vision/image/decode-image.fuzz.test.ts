import fc from 'fast-check';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { VerificationError } from '../../../../../src/shared/errors.js';
import { blockUntrustedLoaders } from '../../../../../src/worker/vision/image/decode-image.js';
import { EDIT_KINDS, type Edit, mutateBytes } from '../../../../support/fuzz/mutate-bytes.js';
import { inspectAndDecode, inspectAndDecodeRegion } from '../../../../support/photos/inspect-and-decode.js';
import { samplePhoto } from '../../../../support/photos/photos.js';

const LIMITS = { maxPixels: 1_000_000, formats: ['jpeg', 'png', 'webp'] } as const;
const CODES = ['image_unsupported', 'image_too_large', 'image_undecodable'];
const SIGNATURES = [
  '\xff\xd8\xff',
  '\x89PNG\r\n\x1a\n',
  'RIFF\x40\0\0\0WEBPVP8 ',
  'RIFF\x40\0\0\0WEBPVP8X',
  'GIF89a',
  '',
];

/** The whole contract of decoding: a picture within the limits, or one of three codes. Anything else is rethrown. */
async function outcomeOf(bytes: Uint8Array, targetLongEdgePx?: number): Promise<string> {
  try {
    const options = targetLongEdgePx === undefined ? LIMITS : { ...LIMITS, targetLongEdgePx };
    const { width, height, data } = await inspectAndDecode(bytes, options);
    expect(data.length).toBe(width * height * 3);
    expect(width * height).toBeLessThanOrEqual(LIMITS.maxPixels);
    return 'decoded';
  } catch (error) {
    if (error instanceof VerificationError && CODES.includes(error.code)) return error.code;
    throw error;
  }
}

const place = fc.double({ min: 0, max: 1, noNaN: true });
const edit: fc.Arbitrary<Edit> = fc.record({
  kind: fc.constantFrom(...EDIT_KINDS),
  at: fc.oneof(
    place,
    place.map((part) => part / 20),
  ),
  bit: fc.nat(7),
  value: fc.oneof(fc.nat(255), fc.constantFrom(0x00, 0xff)),
  length: place,
});

describe('decoding untrusted bytes', () => {
  let photos: readonly Buffer[];

  beforeAll(async () => {
    blockUntrustedLoaders(LIMITS.formats);
    const small = sharp(samplePhoto(1)).resize(96, 64);
    photos = await Promise.all([
      small.clone().jpeg().toBuffer(),
      small.clone().jpeg({ progressive: true }).withMetadata({ orientation: 6 }).toBuffer(),
      small.clone().withIccProfile('p3').png().toBuffer(),
      small.clone().png({ palette: true, progressive: true }).toBuffer(),
      small.clone().webp().toBuffer(),
      small.clone().ensureAlpha(0.5).webp({ lossless: true }).toBuffer(),
    ]);
  });

  it('ends for any bytes in a picture or in one of three codes', async () => {
    const anything = fc.tuple(fc.constantFrom(...SIGNATURES), fc.uint8Array({ maxLength: 2000 }));

    await fc.assert(
      fc.asyncProperty(anything, async ([signature, tail]) => {
        await outcomeOf(Buffer.concat([Buffer.from(signature, 'latin1'), tail]));
      }),
      { numRuns: 200 },
    );
  });

  it('ends for any damaged photo in a picture or in one of three codes, at every size', async () => {
    const seen = new Set<string>();

    await fc.assert(
      fc.asyncProperty(fc.nat(5), fc.array(edit, { maxLength: 6 }), async (index, edits) => {
        const bytes = mutateBytes(photos[index] ?? Buffer.alloc(0), edits);
        seen.add(await outcomeOf(bytes));
        seen.add(await outcomeOf(bytes, 32));
      }),
      { numRuns: 300 },
    );

    // Otherwise the edits are too wild or too tame to try anything.
    expect(seen).toContain('decoded');
    expect(seen).toContain('image_undecodable');
  });

  it('cuts any region of a photo to the photo', async () => {
    const side = fc.double({ min: 0.1, max: 200, noNaN: true });
    const region = fc.record({
      x: fc.double({ min: -50, max: 63, noNaN: true }),
      y: fc.double({ min: -50, max: 95, noNaN: true }),
      width: side,
      height: side,
    });

    await fc.assert(
      fc.asyncProperty(region, async (asked) => {
        fc.pre(asked.x + asked.width > 0 && asked.y + asked.height > 0);
        const {
          region: cut,
          width,
          height,
        } = await inspectAndDecodeRegion(photos[1] ?? Buffer.alloc(0), { ...LIMITS, region: asked });

        expect([cut.width, cut.height]).toEqual([width, height]);
        expect(cut.x).toBeGreaterThanOrEqual(Math.max(0, asked.x - 1));
        expect(cut.x + cut.width).toBeLessThanOrEqual(64);
        expect(cut.y + cut.height).toBeLessThanOrEqual(96);
      }),
      { numRuns: 60 },
    );
  });
});
