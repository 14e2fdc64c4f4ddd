import { deflateSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { blockUntrustedLoaders } from '../../src/worker/vision/image/decode-image.js';
import type { RgbImage } from '../../src/worker/vision/types.js';
import { withoutHuffmanTables } from '../support/builders/irregular-jpegs.js';
import { jpegSegment, orientationSegment, withJpegSegments } from '../support/builders/jpeg-builder.js';
import { pngChunk, withPngChunks } from '../support/builders/png-builder.js';
import { inspectAndDecode } from '../support/photos/inspect-and-decode.js';
import { samplePhoto } from '../support/photos/photos.js';
import { RAMP_JPEGS } from '../support/photos/ramp-jpegs.js';
import {
  channelBias,
  meanDifference,
  openRgb,
  remap,
  storeWithOrientation,
} from '../support/photos/rgb-images.js';
import { ARITHMETIC_RAMP, multiPicture } from '../support/photos/unusual-photos.js';

const FORMATS = ['jpeg', 'png', 'webp', 'avif', 'gif', 'tiff'] as const;
const LIMITS = { maxPixels: 40_000_000, formats: FORMATS };
const WIDTH = 600;
const HEIGHT = 400;
const GREY = 128;

type Make = (photo: () => Sharp) => Promise<Buffer>;
interface Row {
  readonly name: string;
  readonly make: Make;
  /** Mean absolute difference to the original allowed, 0..255; 0: lossless. About 1.5 times what was measured. */
  readonly within: number;
  /** Expected look of the decoded photo if it differs from the original. */
  readonly like?: (original: RgbImage) => RgbImage;
}

const row = (name: string, within: number, make: Make, like?: Row['like']): Row =>
  like ? { name, within, make, like } : { name, within, make };
const jpeg: Make = (photo) => photo().jpeg({ quality: 95, chromaSubsampling: '4:4:4' }).toBuffer();
const exifPng = (orientation: number): Buffer =>
  pngChunk('eXIf', orientationSegment(orientation).subarray(10));

/** A photo for HDR screens, as phones write it: a plain JPEG, followed by a second one with the extra brightness. */
async function gainMapped(photo: Sharp): Promise<Buffer> {
  const bytes = await photo.toColourspace('scrgb').jpeg({ quality: 95 }).toBuffer();
  if (!bytes.includes('urn:iso:std:iso:ts:21496')) throw new Error('sharp wrote no gain map');
  return bytes;
}

/** Luma as libvips weighs it, and a picture laid half transparent on mid-grey. */
const grey = (image: RgbImage): RgbImage => ({
  ...image,
  data: image.data.map((_, index, all) => {
    const pixel = index - (index % 3);
    return Math.round(0.2126 * all[pixel]! + 0.7152 * all[pixel + 1]! + 0.0722 * all[pixel + 2]!);
  }),
});
const halfOnGrey = (image: RgbImage): RgbImage => ({
  ...image,
  data: image.data.map((value) => Math.round((value + GREY) / 2)),
});

const named = (rows: readonly Row[]): (readonly [string, Row])[] => rows.map((each) => [each.name, each]);

const JPEGS: readonly Row[] = [
  row('baseline 4:2:0', 3, (photo) => photo().jpeg({ quality: 92 }).toBuffer()),
  row('baseline 4:4:4', 2, jpeg),
  row('progressive', 3, (photo) => photo().jpeg({ quality: 92, progressive: true }).toBuffer()),
  row('grey', 6, (photo) => photo().greyscale().jpeg({ quality: 95 }).toBuffer(), grey),
  row('CMYK without a profile', 14, (photo) =>
    photo().toColourspace('cmyk').jpeg({ quality: 95 }).toBuffer(),
  ),
  row('CMYK with a press profile', 12, (photo) =>
    photo().withIccProfile('cmyk').jpeg({ quality: 95 }).toBuffer(),
  ),
  row('Display P3', 3, (photo) => photo().withIccProfile('p3').jpeg({ quality: 95 }).toBuffer()),
  row('a broken colour profile', 2, async (photo) =>
    withJpegSegments(await jpeg(photo), [
      jpegSegment(0xe2, Buffer.from('ICC_PROFILE\0\x01\x01 not a profile', 'latin1')),
    ]),
  ),
  row('a colour profile of 4 MB', 2, async (photo) =>
    withJpegSegments(
      await jpeg(photo),
      Array.from({ length: 64 }, (_, index) =>
        jpegSegment(
          0xe2,
          Buffer.concat([
            Buffer.from('ICC_PROFILE\0', 'latin1'),
            Buffer.of(index + 1, 64),
            Buffer.alloc(65_000),
          ]),
        ),
      ),
    ),
  ),
  row('a gain map for HDR screens', 6, (photo) => gainMapped(photo())),
  row('several pictures (MPO), of which the first counts', 2, async (photo) =>
    multiPicture(await jpeg(photo), await photo().negate().jpeg().toBuffer()),
  ),
  row('no Huffman tables, as in a frame of motion JPEG', 3, async (photo) =>
    withoutHuffmanTables(await photo().jpeg({ quality: 92, optimiseCoding: false }).toBuffer()),
  ),
  row('data behind its end', 2, async (photo) =>
    Buffer.concat([await jpeg(photo), Buffer.alloc(5000, 0xda)]),
  ),
];

const zlibOf = (text: string): Buffer => deflateSync(Buffer.from(text));
const brokenChunk = (type: string, data: Uint8Array): Buffer => {
  const chunk = pngChunk(type, data);
  chunk[chunk.length - 1]! ^= 1;
  return chunk;
};

/** Optional chunks that are wrong or unusual; browsers show the picture all the same. */
const ODD_CHUNKS: Readonly<Record<string, Buffer>> = {
  'a gamma of 1 / 2.2': pngChunk('gAMA', Buffer.of(0, 0, 0xb1, 0x8f)),
  'a gamma of 0': pngChunk('gAMA', Buffer.alloc(4)),
  'a gamma with a wrong checksum': brokenChunk('gAMA', Buffer.of(0, 0, 0xb1, 0x8f)),
  'a comment with a wrong checksum': brokenChunk('tEXt', Buffer.from('Comment\0scanned')),
  'a broken colour profile': pngChunk(
    'iCCP',
    Buffer.concat([Buffer.from('icc\0\0'), zlibOf('not a profile')]),
  ),
  'a colour profile with a wrong checksum': brokenChunk(
    'iCCP',
    Buffer.concat([Buffer.from('icc\0\0'), zlibOf('not a profile')]),
  ),
  'broken EXIF data': pngChunk('eXIf', Buffer.from('not EXIF')),
  'a broken time': pngChunk('tIME', Buffer.alloc(7, 0xff)),
  'a resolution that is too short': pngChunk('pHYs', Buffer.alloc(2)),
  'a private chunk of a scanner': pngChunk('scAn', Buffer.from('anything')),
};

const PNGS: readonly Row[] = [
  row('8 bits a sample', 0, (photo) => photo().png().toBuffer()),
  row('interlacing', 0, (photo) => photo().png({ progressive: true }).toBuffer()),
  row('16 bits a sample', 0, (photo) => photo().toColourspace('rgb16').png().toBuffer()),
  row('16 bits a sample in Display P3', 0.6, (photo) =>
    photo().toColourspace('rgb16').withIccProfile('p3').png().toBuffer(),
  ),
  row('16-bit grey', 6, (photo) => photo().toColourspace('grey16').png().toBuffer(), grey),
  row('a palette', 3, (photo) => photo().png({ palette: true }).toBuffer()),
  row(
    'a palette with transparency',
    4,
    (photo) => photo().ensureAlpha(0.5).png({ palette: true }).toBuffer(),
    halfOnGrey,
  ),
  row('full opacity', 0, (photo) => photo().ensureAlpha(1).png().toBuffer()),
  row('transparency', 0.6, (photo) => photo().ensureAlpha(0.5).png().toBuffer(), halfOnGrey),
  row(
    '16 bits and transparency',
    0.6,
    (photo) => photo().ensureAlpha(0.5).toColourspace('rgb16').png().toBuffer(),
    halfOnGrey,
  ),
  row(
    'grey and transparency',
    4,
    (photo) => photo().greyscale().ensureAlpha(0.5).toColourspace('b-w').png().toBuffer(),
    (image) => halfOnGrey(grey(image)),
  ),
  ...Object.entries(ODD_CHUNKS).map(([name, chunk]) =>
    row(name, 0, async (photo) => withPngChunks(await photo().png().toBuffer(), [chunk])),
  ),
  row('data behind its end', 0, async (photo) =>
    Buffer.concat([await photo().png().toBuffer(), Buffer.alloc(5000, 0xda)]),
  ),
  row('animation (APNG), of which the plain picture counts', 0, async (photo) =>
    withPngChunks(await photo().png().toBuffer(), [pngChunk('acTL', Buffer.of(0, 0, 0, 2, 0, 0, 0, 0))]),
  ),
];

/** Returns a still WebP as an animation of one frame, as screen recorders write it. */
function withOneFrame(webp: Buffer): Buffer {
  const chunk = (type: string, data: Uint8Array): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(data.length);
    return Buffer.concat([Buffer.from(type, 'latin1'), length, data, Buffer.alloc(data.length % 2)]);
  };
  const uint24 = (value: number): Buffer => Buffer.of(value, value >> 8, value >> 16);
  const size = Buffer.concat([uint24(WIDTH - 1), uint24(HEIGHT - 1)]);
  const frame = Buffer.concat([Buffer.alloc(6), size, uint24(100), Buffer.of(0), webp.subarray(12)]);
  const chunks = Buffer.concat([
    chunk('VP8X', Buffer.concat([Buffer.of(0x02, 0, 0, 0), size])),
    chunk('ANIM', Buffer.alloc(6)),
    chunk('ANMF', frame),
  ]);
  return chunk('RIFF', Buffer.concat([Buffer.from('WEBP', 'latin1'), chunks]));
}

const OTHERS: readonly Row[] = [
  row('lossy WebP', 3, (photo) => photo().webp({ quality: 92 }).toBuffer()),
  row('lossless WebP', 0, (photo) => photo().webp({ lossless: true, effort: 0 }).toBuffer()),
  row(
    'transparent WebP',
    0.6,
    (photo) => photo().ensureAlpha(0.5).webp({ lossless: true, effort: 0 }).toBuffer(),
    halfOnGrey,
  ),
  row('WebP of one frame', 3, async (photo) => withOneFrame(await photo().webp({ quality: 92 }).toBuffer())),
  row('WebP with metadata', 3, (photo) =>
    photo()
      .withIccProfile('srgb')
      .withExif({ IFD0: { Make: 'A phone' } })
      .webp({ quality: 92 })
      .toBuffer(),
  ),
  row('AVIF', 3, (photo) => photo().avif({ quality: 90, effort: 0 }).toBuffer()),
  row('10-bit AVIF', 3, (photo) => photo().avif({ quality: 90, effort: 0, bitdepth: 10 }).toBuffer()),
  row('GIF', 4, (photo) => photo().gif().toBuffer()),
  row('TIFF with LZW', 0, (photo) => photo().tiff({ compression: 'lzw' }).toBuffer()),
  row('TIFF with JPEG inside', 3, (photo) => photo().tiff({ compression: 'jpeg', quality: 92 }).toBuffer()),
  row('tiled 16-bit TIFF', 0, (photo) =>
    photo().toColourspace('rgb16').tiff({ compression: 'deflate', tile: true }).toBuffer(),
  ),
  row('CMYK TIFF', 14, (photo) => photo().toColourspace('cmyk').tiff({ compression: 'deflate' }).toBuffer()),
];

describe('hard photos', () => {
  let original: RgbImage;
  const photo = (): Sharp => openRgb(original);

  beforeAll(async () => {
    blockUntrustedLoaders(FORMATS);
    const small = await sharp(samplePhoto(1)).resize(WIDTH, HEIGHT).png().toBuffer();
    original = await inspectAndDecode(small, LIMITS);
  });

  const check = async (_name: string, { make, within, like }: Row): Promise<void> => {
    const encoded = await make(photo);

    const decoded = await inspectAndDecode(encoded, LIMITS);

    const expected = like ? like(original) : original;
    expect([decoded.width, decoded.height]).toEqual([WIDTH, HEIGHT]);
    expect(meanDifference(decoded, expected)).toBeLessThanOrEqual(within);
  };

  it.each(named(JPEGS))('reads a JPEG with %s', check);
  it.each(named(PNGS))('reads a PNG with %s', check);
  it.each(named(OTHERS))('reads a %s', check);

  it.each([
    ['sequential arithmetic coding', ARITHMETIC_RAMP.sequential, 2.5],
    ['progressive arithmetic coding', ARITHMETIC_RAMP.progressive, 2.5],
    ['4:1:1 sampling', RAMP_JPEGS.fourOneOne, 4],
    ['4:4:0 sampling', RAMP_JPEGS.fourFourZero, 4],
    ['RGB components', RAMP_JPEGS.rgb, 4],
    // CMYK without a profile is shown as a press prints it.
    ['YCCK components', RAMP_JPEGS.ycck, 25],
    ['restart markers', RAMP_JPEGS.restarts, 4],
    ['restart markers in progressive scans', RAMP_JPEGS.progressiveRestarts, 4],
    ['a scan for each component', RAMP_JPEGS.separateScans, 4],
    ['quantisation tables of 16 bits', RAMP_JPEGS.deepTables, 45],
  ])('reads a JPEG with %s', async (_, file, within) => {
    const { width, height, colourAt } = ARITHMETIC_RAMP;
    const data = new Uint8Array(width * height * 3);
    for (let index = 0; index < width * height; index += 1)
      data.set(colourAt(index % width, Math.floor(index / width)), index * 3);

    const decoded = await inspectAndDecode(file, LIMITS);

    expect(meanDifference(decoded, { width, height, data })).toBeLessThan(within);
  });

  const ORIENTED: readonly (readonly [
    string,
    (stored: RgbImage, orientation: number) => Promise<Buffer>,
    number,
  ])[] = [
    [
      'JPEG',
      async (stored, orientation) =>
        withJpegSegments(await jpeg(() => openRgb(stored)), [orientationSegment(orientation)]),
      2,
    ],
    [
      'PNG',
      async (stored, orientation) =>
        withPngChunks(await openRgb(stored).png().toBuffer(), [exifPng(orientation)]),
      0,
    ],
    [
      'WebP',
      (stored, orientation) => openRgb(stored).withMetadata({ orientation }).webp({ quality: 92 }).toBuffer(),
      3,
    ],
    [
      'TIFF',
      (stored, orientation) =>
        openRgb(stored).withMetadata({ orientation }).tiff({ compression: 'lzw' }).toBuffer(),
      0,
    ],
    [
      'AVIF',
      (stored, orientation) =>
        openRgb(stored).withMetadata({ orientation }).avif({ quality: 90, effort: 0 }).toBuffer(),
      3,
    ],
  ];

  it.each(ORIENTED)('puts a %s of every EXIF orientation upright', async (_name, encode, within) => {
    for (const orientation of [1, 2, 3, 4, 5, 6, 7, 8]) {
      const decoded = await inspectAndDecode(
        await encode(storeWithOrientation(original, orientation), orientation),
        LIMITS,
      );

      expect([orientation, decoded.width, decoded.height]).toEqual([orientation, WIDTH, HEIGHT]);
      expect(meanDifference(decoded, original)).toBeLessThanOrEqual(within);
    }
  });

  // Saturated colours: read without its profile, red in Display P3 would come out as (234, 51, 35).
  it.each([
    ['8-bit', 'jpeg'],
    ['8-bit', 'png'],
    ['8-bit', 'webp'],
    ['16-bit', 'png'],
    ['16-bit', 'tiff'],
  ] as const)('shows red, green and blue in %s Display P3 %s as in sRGB', async (depth, format) => {
    const colours = [
      [255, 0, 0],
      [0, 255, 0],
      [0, 0, 255],
    ] as const;
    const data = Uint8Array.from(
      colours.flatMap((colour) =>
        Array(64 * 64)
          .fill(colour)
          .flat(),
      ),
    );
    const plain = { width: 64, height: 192, data };
    const wide = openRgb(plain)
      .toColourspace(depth === '16-bit' ? 'rgb16' : 'srgb')
      .withIccProfile('p3');

    const decoded = await inspectAndDecode(await wide.toFormat(format, { quality: 100 }).toBuffer(), LIMITS);

    // Measured up to 3.3 (lossy WebP); without the profile at least 25.
    expect(meanDifference(decoded, plain)).toBeLessThan(5);
  });

  it('keeps the colours of a reduced JPEG with a profile', async () => {
    const wide = await photo().withIccProfile('p3').jpeg({ quality: 95 }).toBuffer();

    const reduced = await inspectAndDecode(wide, { ...LIMITS, targetLongEdgePx: 150 });

    const resized = await photo().resize(150, 100).raw().toBuffer();
    for (const bias of channelBias(reduced, { width: 150, height: 100, data: resized })) {
      expect(Math.abs(bias)).toBeLessThan(1.5);
    }
  });

  it('reads a picture of one pixel, and one a pixel high', async () => {
    const dot = await inspectAndDecode(await photo().resize(1, 1).jpeg().toBuffer(), LIMITS);
    const line = await inspectAndDecode(
      await photo().resize(20, 1, { fit: 'fill' }).png().toBuffer(),
      LIMITS,
    );

    expect([dot.width, dot.height]).toEqual([1, 1]);
    expect([line.width, line.height]).toEqual([20, 1]);
  });

  it('distinguishes a mirrored photo from its original, so the checks above can fail', async () => {
    const mirrored = remap(original, original, (x, y) => [WIDTH - 1 - x, y]);

    expect(meanDifference(mirrored, original)).toBeGreaterThan(30);
  });
});
