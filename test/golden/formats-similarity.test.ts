import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { analyseImage } from '../../src/worker/vision/analyse-image.js';
import { compareEmbeddings } from '../../src/worker/vision/face/compare-embeddings.js';
import { loadModelPack, type ModelPack } from '../../src/worker/vision/pack/model-pack.js';
import { orientationSegment, withJpegSegments } from '../support/builders/jpeg-builder.js';
import { cropFace, SAME_PERSON } from '../support/photos/photos.js';
import { openRgb, storeWithOrientation } from '../support/photos/rgb-images.js';
import { liteManifest, liteSettings } from '../support/photos/vision-settings.js';

const settings = liteSettings({ imageFormats: ['jpeg', 'png', 'webp', 'avif', 'gif', 'tiff'] });

/**
 * Encodings of one photo, and by how much the similarity to another photo of the same woman may move.
 * Measured with `lite`: 0 to 0.006 for photos in full colour, 0.010 for CMYK, 0.021 for the 256 colours of a GIF.
 */
const ENCODINGS: readonly (readonly [string, number, (photo: Sharp) => Promise<Buffer>])[] = [
  ['PNG', 0.03, (photo) => photo.png().toBuffer()],
  ['JPEG of quality 80', 0.03, (photo) => photo.jpeg({ quality: 80 }).toBuffer()],
  ['progressive JPEG', 0.03, (photo) => photo.jpeg({ quality: 90, progressive: true }).toBuffer()],
  ['WebP', 0.03, (photo) => photo.webp({ quality: 85 }).toBuffer()],
  ['AVIF', 0.03, (photo) => photo.avif({ quality: 70, effort: 0 }).toBuffer()],
  ['GIF', 0.05, (photo) => photo.gif().toBuffer()],
  ['TIFF', 0.03, (photo) => photo.tiff({ compression: 'lzw' }).toBuffer()],
  [
    '16-bit PNG in Display P3',
    0.05,
    (photo) => photo.toColourspace('rgb16').withIccProfile('p3').png().toBuffer(),
  ],
  // Measured 0.049: colour is part of what the model looks at.
  ['grey JPEG', 0.08, (photo) => photo.greyscale().jpeg({ quality: 90 }).toBuffer()],
  ['CMYK JPEG', 0.05, (photo) => photo.toColourspace('cmyk').jpeg({ quality: 90 }).toBuffer()],
  ['Display P3 JPEG', 0.05, (photo) => photo.withIccProfile('p3').jpeg({ quality: 90 }).toBuffer()],
];

describe('similarity', () => {
  let pack: ModelPack;
  let probe: Buffer;
  let reference: Float32Array;
  let expected: number;

  const similarityOf = async (bytes: Buffer): Promise<number> =>
    compareEmbeddings((await analyseImage(bytes, pack, settings)).embedding, reference);

  beforeAll(async () => {
    pack = await loadModelPack({ ...settings, manifest: liteManifest() });
    const [first, second] = SAME_PERSON;
    reference = (await analyseImage(await cropFace(first), pack, settings)).embedding;
    probe = await sharp(await cropFace(second))
      .png()
      .toBuffer();
    expected = await similarityOf(probe);
  });

  afterAll(() => pack.close());

  it('of the original photo shows that it is the same woman', () => {
    expect(expected).toBeGreaterThan(0.5);
  });

  it.each(ENCODINGS)('does not depend on whether the photo is a %s', async (_name, within, encode) => {
    const similarity = await similarityOf(await encode(sharp(probe)));

    expect(Math.abs(similarity - expected)).toBeLessThan(within);
    expect(similarity).toBeGreaterThan(0.5);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('does not depend on EXIF orientation %i', async (orientation) => {
    const { data, info } = await sharp(probe).raw().toBuffer({ resolveWithObject: true });
    const stored = openRgb(
      storeWithOrientation({ width: info.width, height: info.height, data }, orientation),
    );
    const jpeg = await stored.jpeg({ quality: 98, chromaSubsampling: '4:4:4' }).toBuffer();

    const similarity = await similarityOf(withJpegSegments(jpeg, [orientationSegment(orientation)]));

    expect(Math.abs(similarity - expected)).toBeLessThan(0.01);
  });
});
