import sharp, { type Sharp } from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { blockUntrustedLoaders } from '../../src/worker/vision/image/decode-image.js';
import { jpegSegment, withJpegFrame, withJpegSegments } from '../support/builders/jpeg-builder.js';
import { blackPng, pngAround, pngChunk, withPngChunks } from '../support/builders/png-builder.js';
import { animated, noise } from '../support/photos/hostile-images.js';
import { inspectAndDecode } from '../support/photos/inspect-and-decode.js';
import { samplePhoto } from '../support/photos/photos.js';

const FORMATS = ['jpeg', 'png', 'webp', 'avif', 'gif', 'tiff'] as const;
/** Four megapixels for all types but JPEG. */
const LIMITS = { maxPixels: 8_000_000, formats: FORMATS };

type Make = (photo: () => Sharp) => Promise<Uint8Array> | Uint8Array;
type Outcome = 'decoded' | 'image_unsupported' | 'image_too_large' | 'image_undecodable';

const latin = (text: string): Buffer => Buffer.from(text, 'latin1');
const flat = (width: number, height: number): Sharp =>
  sharp({ create: { width, height, channels: 3, background: '#876' } });
const jpeg = (photo: () => Sharp): Promise<Buffer> => photo().jpeg().toBuffer();
const png = (photo: () => Sharp): Promise<Buffer> => photo().png().toBuffer();

/** A GIF that claims any size and holds the data of one pixel. */
function gifClaiming(width: number, height: number): Buffer {
  const header = Buffer.from('GIF89a\0\0\0\0\x80\0\0\0\0\0\xff\xff\xff', 'latin1');
  header.writeUInt16LE(width, 6);
  header.writeUInt16LE(height, 8);
  const picture = Buffer.from('2c00000000000000000002024401003b', 'hex');
  picture.writeUInt16LE(width, 5);
  picture.writeUInt16LE(height, 7);
  return Buffer.concat([header, picture]);
}

/** A grey TIFF of one strip whose header claims any size. */
function tiffClaiming(width: number, height: number): Buffer {
  const entries = [
    [256, width],
    [257, height],
    [258, 8],
    [259, 1],
    [262, 1],
    [273, 8 + 2 + 9 * 12 + 4],
    [277, 1],
    [278, height],
    [279, 16],
  ] as const;
  const file = Buffer.alloc(8 + 2 + entries.length * 12 + 4 + 16);
  file.write('II*\0\x08\0\0\0', 'latin1');
  file.writeUInt16LE(entries.length, 8);
  for (const [index, [tag, value]] of entries.entries()) {
    const at = 10 + index * 12;
    file.writeUInt16LE(tag, at);
    file.writeUInt16LE(4, at + 2);
    file.writeUInt32LE(1, at + 4);
    file.writeUInt32LE(value, at + 8);
  }
  return file;
}

/** More hostile files than the list names, most of them of the formats that are off by default. */
const CASES: readonly (readonly [string, Outcome, Make])[] = [
  ['a GIF that claims 65,535 × 65,535 px', 'image_too_large', () => gifClaiming(65_535, 65_535)],
  ['a TIFF that claims 60,000 × 60,000 px', 'image_too_large', () => tiffClaiming(60_000, 60_000)],
  ['a TIFF that claims more rows than it holds', 'image_undecodable', () => tiffClaiming(1000, 1000)],
  [
    'a WebP of 16,383 × 300 px',
    'image_too_large',
    () => flat(16_383, 300).webp({ lossless: true, effort: 0 }).toBuffer(),
  ],
  [
    'an AVIF of 3000 × 2000 px',
    'image_too_large',
    () => flat(3000, 2000).avif({ quality: 1, effort: 0 }).toBuffer(),
  ],
  [
    'an interlaced PNG of 2001 × 2000 px',
    'image_too_large',
    () => blackPng({ width: 2001, height: 2000, interlaced: true }),
  ],
  [
    'an interlaced PNG of 2000 × 2000 px',
    'decoded',
    () => blackPng({ width: 2000, height: 2000, interlaced: true }),
  ],
  [
    'an animated GIF',
    'image_unsupported',
    async (photo) => (await animated(await png(photo))).gif().toBuffer(),
  ],
  [
    'an animated WebP',
    'image_unsupported',
    async (photo) => (await animated(await png(photo))).webp().toBuffer(),
  ],
  [
    'a TIFF of two pages',
    'image_unsupported',
    async (photo) => (await animated(await png(photo))).tiff().toBuffer(),
  ],
  ['half an AVIF', 'image_undecodable', async (photo) => half(await photo().avif({ effort: 0 }).toBuffer())],
  ['half a GIF', 'image_undecodable', async (photo) => half(await photo().gif().toBuffer())],
  [
    'half a TIFF',
    'image_undecodable',
    async (photo) => half(await photo().tiff({ compression: 'deflate' }).toBuffer()),
  ],
  ['half a PNG', 'image_undecodable', async (photo) => half(await png(photo))],
  ['half a JPEG', 'image_undecodable', async (photo) => half(await jpeg(photo))],
  [
    'a PNG with a flipped bit among its pixels',
    'image_undecodable',
    async (photo) => flipMiddle(await png(photo)),
  ],
  ['a PNG without pixels', 'image_undecodable', () => pngAround({ width: 10, height: 10 }, Buffer.alloc(0))],
  ['a WebP that is only its header', 'image_undecodable', () => latin('RIFF\xff\xff\xff\x7fWEBPVP8 ')],
  [
    'a JPEG of 12 bits a sample over 8-bit data',
    'image_unsupported',
    async (photo) => twelveBit(await jpeg(photo)),
  ],
  [
    'a JPEG of one row claimed to be 60,000',
    'image_too_large',
    async (photo) => withJpegFrame(await jpeg(photo), { height: 60_000 }),
  ],
  [
    'a PNG with five thousand text chunks',
    'decoded',
    async (photo) =>
      withPngChunks(
        await png(photo),
        Array.from({ length: 5000 }, (_, index) => pngChunk('tEXt', latin(`k${index}\0v`))),
      ),
  ],
  [
    'a JPEG with 5 MB of comments',
    'decoded',
    async (photo) =>
      withJpegSegments(await jpeg(photo), Array(1000).fill(jpegSegment(0xfe, Buffer.alloc(5000, 65)))),
  ],
  [
    'a JPEG with a web page in its EXIF data',
    'decoded',
    async (photo) =>
      withJpegSegments(await jpeg(photo), [
        jpegSegment(0xe1, latin('Exif\0\0<html><script>alert(1)</script>')),
      ]),
  ],
  [
    'a GIF that is also a ZIP archive',
    'decoded',
    async (photo) => Buffer.concat([await photo().gif().toBuffer(), latin('PK\x05\x06'), Buffer.alloc(18)]),
  ],
  [
    'a PNG that is also a web page',
    'decoded',
    async (photo) => Buffer.concat([await png(photo), latin('<html></html>')]),
  ],
  [
    'a JPEG with noise behind its end',
    'decoded',
    async (photo) => Buffer.concat([await jpeg(photo), noise(100_000)]),
  ],
];

const half = (bytes: Buffer): Buffer => bytes.subarray(0, bytes.length / 2);

function flipMiddle(bytes: Buffer): Buffer {
  const middle = bytes.length >> 1;
  bytes[middle] = bytes[middle]! ^ 1;
  return bytes;
}

function twelveBit(bytes: Buffer): Buffer {
  bytes[bytes.indexOf(Buffer.from([0xff, 0xc0])) + 4] = 12;
  return bytes;
}

describe('hostile files where every format is enabled', () => {
  let photo: () => Sharp;

  beforeAll(async () => {
    const original = await sharp(samplePhoto(1)).resize(320, 240, { fit: 'cover' }).png().toBuffer();
    photo = () => sharp(original);
    blockUntrustedLoaders(FORMATS);
  });

  it.each(CASES)('ends %s as %s', async (_name, expected, make) => {
    const bytes = await make(photo);

    const decoding = inspectAndDecode(bytes, LIMITS);

    if (expected === 'decoded') await expect(decoding).resolves.toMatchObject({ scale: 1 });
    else await expect(decoding).rejects.toMatchObject({ name: 'VerificationError', code: expected });
  });
});
