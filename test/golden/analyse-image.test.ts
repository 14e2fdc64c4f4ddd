import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { analyseImage } from '../../src/worker/vision/analyse-image.js';
import { compareEmbeddings } from '../../src/worker/vision/face/compare-embeddings.js';
import { normOf } from '../../src/worker/vision/face/embed-face.js';
import { createPyramid } from '../../src/worker/vision/image/image-pyramid.js';
import { loadModelPack, type ModelPack } from '../../src/worker/vision/pack/model-pack.js';
import type { FaceAnalysis, VisionSettings } from '../../src/worker/vision/types.js';
import {
  withJfifVersion,
  withoutSpectralSelection,
  withStrayHeaderBytes,
} from '../support/builders/irregular-jpegs.js';
import {
  cropFace,
  otherPersonPhoto,
  photoWithoutFace,
  SAME_PERSON,
  SAMPLE_FACES,
  samePersonPhotos,
  sampleFace,
} from '../support/photos/photos.js';
import { liteManifest, liteSettings } from '../support/photos/vision-settings.js';

let pack: ModelPack;
let portrait: Buffer;
let original: FaceAnalysis;

const analyse = (bytes: Uint8Array, changes: Partial<VisionSettings> = {}) =>
  analyseImage(bytes, pack, liteSettings(changes));

const similarityTo = async (bytes: Uint8Array, one: FaceAnalysis = original): Promise<number> =>
  compareEmbeddings((await analyse(bytes)).embedding, one.embedding);

beforeAll(async () => {
  pack = await loadModelPack({ ...liteSettings(), manifest: liteManifest() });
  portrait = await cropFace(SAME_PERSON[1]);
  original = await analyse(portrait);
});

afterAll(() => pack.close());

describe('an irregular JPEG', () => {
  const strayBytes = Buffer.from('stray');

  it.each<[string, (jpeg: Buffer) => Buffer]>([
    ['a spectral selection of zeros', withoutSpectralSelection],
    ['stray bytes between its headers', (jpeg) => withStrayHeaderBytes(jpeg, strayBytes)],
    ['an unknown version of JFIF', (jpeg) => withJfifVersion(jpeg, 3)],
    [
      'all of these',
      (jpeg) => withStrayHeaderBytes(withoutSpectralSelection(withJfifVersion(jpeg, 3)), strayBytes),
    ],
  ])('with %s is analysed like the regular one, with a warning', async (_, spoil) => {
    const file = spoil(portrait);

    const analysis = await analyse(file);

    expect(analysis.warnings).toEqual(['repaired_file']);
    expect(analysis.embedding).toEqual(original.embedding);
    expect(analysis.contentDigest).not.toBe(original.contentDigest);
  });

  it.each([0.6, 0.99])('that was cut off at %d of its length is refused', async (share) => {
    const file = withoutSpectralSelection(portrait);

    const analysing = analyse(file.subarray(0, file.length * share));

    await expect(analysing).rejects.toMatchObject({ code: 'image_undecodable' });
  });

  it('with other bytes in its picture is refused', async () => {
    const file = withoutSpectralSelection(portrait);
    file.fill('garbage', Math.floor(file.length * 0.6), Math.floor(file.length * 0.7));

    await expect(analyse(file)).rejects.toMatchObject({ code: 'image_undecodable' });
  });
});

describe('an analysis', () => {
  it('holds an embedding of length 1 and everything in its range', () => {
    expect(original.embedding).toHaveLength(512);
    expect(normOf(original.embedding)).toBeCloseTo(1, 6);
    expect(original.face.score).toBeGreaterThan(0.9);
    expect(original.quality.score).toBeGreaterThan(0.9);
    expect(original.facesFound).toBe(1);
    expect(original.contentDigest).toMatch(/^[0-9a-f]{64}$/);
    expect(original.perceptualHash).toMatch(/^[0-9a-f]{16}$/);
    expect(original.warnings).toEqual([]);
    expect(Object.keys(original.timingsMs)).toEqual(['inspect', 'decode', 'detect', 'align', 'embed']);
  });

  it('gives the same numbers for the same photo again, after others', async () => {
    await analyse(await otherPersonPhoto());

    const again = await analyse(portrait);

    expect({ ...again, timingsMs: {} }).toEqual({ ...original, timingsMs: {} });
  });

  it('places the points of a face inside its box, eyes above nose above mouth', () => {
    const { box, landmarks } = original.face;
    const points = [0, 1, 2, 3, 4].map((i) => ({ x: landmarks[i * 2] ?? 0, y: landmarks[i * 2 + 1] ?? 0 }));
    const [left, right, nose, mouthLeft, mouthRight] = points;

    for (const { x, y } of points) {
      expect(x).toBeGreaterThan(box.x);
      expect(x).toBeLessThan(box.x + box.width);
      expect(y).toBeGreaterThan(box.y);
      expect(y).toBeLessThan(box.y + box.height);
    }
    expect(left?.x).toBeLessThan(right?.x ?? 0);
    expect(nose?.y).toBeGreaterThan(Math.max(left?.y ?? 0, right?.y ?? 0));
    expect(mouthLeft?.y).toBeGreaterThan(nose?.y ?? 0);
    expect(mouthLeft?.x).toBeLessThan(mouthRight?.x ?? 0);
  });
});

describe('a detector', () => {
  it('finds the same faces in a photo that already has the black padding of the detector', async () => {
    const upright = sharp(portrait).resize(600, 900, { fit: 'cover' });
    const narrow = await upright.raw().toBuffer();
    const padded = await sharp(narrow, { raw: { width: 600, height: 900, channels: 3 } })
      .extend({ right: 600, background: '#000' })
      .raw()
      .toBuffer();
    const find = async (width: number, data: Buffer) => {
      const photo = createPyramid({ width, height: 900, data });
      return pack.detector.detect(photo, {
        longEdgePx: pack.detector.passes(photo, 0).coarse,
        quarterTurns: 0,
      });
    };

    const [face, ...others] = await find(600, narrow);

    expect(face?.score).toBeGreaterThan(0.9);
    expect(others).toEqual([]);
    expect(await find(1200, padded)).toEqual([face]);
  });
});

describe('similarities', () => {
  it('are over 0.6 for two photos of one woman', async () => {
    expect(await similarityTo(await cropFace(SAME_PERSON[0]))).toBeGreaterThan(0.6);
  });

  it('are over the default threshold between all pictures of her in the other suites', async () => {
    const analyses: FaceAnalysis[] = [];
    for (const photo of await samePersonPhotos()) analyses.push(await analyse(photo));

    for (const one of analyses) {
      for (const other of analyses) {
        expect(compareEmbeddings(one.embedding, other.embedding)).toBeGreaterThan(0.6);
      }
    }
  });

  it('are under 0.5 between any two different women of the samples', async () => {
    const analyses: FaceAnalysis[] = [];
    for (const face of SAMPLE_FACES)
      analyses.push(await analyse(await cropFace(face), { recognisability: 'off' }));

    for (const [i, one] of analyses.entries()) {
      for (const [j, other] of analyses.slice(0, i).entries()) {
        const isMated = SAME_PERSON.includes(sampleFace(i)) && SAME_PERSON.includes(sampleFace(j));
        if (!isMated) expect(compareEmbeddings(one.embedding, other.embedding)).toBeLessThan(0.5);
      }
    }
  });
});

// 0.9 leaves room for JPEG and resampling; another face of the same person is at 0.7.
const STAYS_ALIKE = 0.9;

describe('the embedding of one face stays similar', () => {
  const variants: Record<string, () => Promise<Buffer>> = {
    mirrored: () => cropFace(SAME_PERSON[1], { mirrored: true }),
    'at JPEG quality 40': () => cropFace(SAME_PERSON[1], { quality: 40 }),
    'at 160 pixels': () => cropFace(SAME_PERSON[1], { widthPx: 240 }),
    'enlarged to 3000 pixels': () => cropFace(SAME_PERSON[1], { widthPx: 3000 }),
    'in grey': () => cropFace(SAME_PERSON[1], { grey: true }),
    'cut down to its own box': () => cropFace(SAME_PERSON[1], { margin: 0 }),
    'with much around it': () => cropFace(SAME_PERSON[1], { margin: 0.9 }),
    'as PNG': () => sharp(portrait).png().toBuffer(),
    'as WebP': () => sharp(portrait).webp({ quality: 80 }).toBuffer(),
    'as CMYK': () => sharp(portrait).toColourspace('cmyk').jpeg().toBuffer(),
    'half as bright': () => sharp(portrait).linear(0.5, 0).jpeg().toBuffer(),
  };

  it.each(Object.keys(variants))('%s', async (name) => {
    const bytes = await variants[name]?.();

    expect(await similarityTo(bytes ?? Buffer.alloc(0))).toBeGreaterThan(STAYS_ALIKE);
  });
});

describe('orientation', () => {
  /** Degrees clockwise and mirroring that a viewer has to undo, by EXIF value. */
  const STORED: Record<number, (upright: Sharp) => Sharp> = {
    1: (image) => image,
    2: (image) => image.flop(),
    3: (image) => image.rotate(180),
    4: (image) => image.flip(),
    5: (image) => image.rotate(270).flop(),
    6: (image) => image.rotate(270),
    7: (image) => image.rotate(90).flop(),
    8: (image) => image.rotate(90),
  };

  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'EXIF %i changes neither embedding nor place of the face',
    async (exif) => {
      // Turned in a step of its own: sharp orders the operations of one pipeline itself.
      const stored = await (STORED[exif] ?? STORED[1])?.(sharp(portrait)).png().toBuffer();
      const bytes = await sharp(stored).withMetadata({ orientation: exif }).jpeg({ quality: 95 }).toBuffer();

      const analysis = await analyse(bytes);

      expect(compareEmbeddings(analysis.embedding, original.embedding)).toBeGreaterThan(0.99);
      expect(Math.abs(analysis.face.box.x - original.face.box.x)).toBeLessThan(5);
      expect(Math.abs(analysis.face.box.y - original.face.box.y)).toBeLessThan(5);
      expect(analysis.width).toBe(original.width);
      expect(analysis.warnings).toEqual([]);
    },
  );

  it.each([90, 180, 270])(
    'a photo turned by %i degrees without EXIF gives the same embedding',
    async (degrees) => {
      const bytes = await sharp(portrait).rotate(degrees).jpeg({ quality: 95 }).toBuffer();

      const analysis = await analyse(bytes);

      expect(compareEmbeddings(analysis.embedding, original.embedding)).toBeGreaterThan(0.98);
      expect(analysis.warnings).toEqual([`rotated_${360 - degrees}`]);
    },
  );

  it('places the face of a turned photo in that photo', async () => {
    const bytes = await sharp(portrait).rotate(90).jpeg({ quality: 95 }).toBuffer();
    const { box } = original.face;

    const analysis = await analyse(bytes);

    expect(Math.abs(analysis.face.box.x - (original.height - box.y - box.height))).toBeLessThan(5);
    expect(Math.abs(analysis.face.box.y - box.x)).toBeLessThan(5);
  });

  it.each([-40, -20, 20, 40])(
    'a head tilted by %i degrees gives nearly the same embedding',
    async (degrees) => {
      const tilted = await sharp(portrait)
        .rotate(degrees, { background: '#777' })
        .jpeg({ quality: 95 })
        .toBuffer();

      expect(await similarityTo(tilted)).toBeGreaterThan(0.95);
    },
  );
});

describe('a small face in a large photo', () => {
  let canvas: Buffer;
  const FACE_PX = 320;

  beforeAll(async () => {
    const small = await cropFace(SAME_PERSON[1], { widthPx: FACE_PX });
    canvas = await sharp({ create: { width: 4000, height: 3000, channels: 3, background: '#8899aa' } })
      .composite([{ input: small, left: 2900, top: 1900 }])
      .jpeg({ quality: 92 })
      .toBuffer();
  });

  it('is found in 12 megapixels and aligned from the full resolution', async () => {
    const analysis = await analyse(canvas);

    expect(compareEmbeddings(analysis.embedding, original.embedding)).toBeGreaterThan(STAYS_ALIKE);
    expect(analysis.face.box.x).toBeGreaterThan(2900);
    expect(analysis.face.box.y).toBeGreaterThan(1900);
    expect(Object.keys(analysis.timingsMs)).toContain('decode_region');
  });

  it('is refused below the configured minimum size', async () => {
    const analysing = analyse(canvas, { minFaceSizePx: 400 });

    await expect(analysing).rejects.toMatchObject({ code: 'face_too_small' });
  });
});

describe('the subject', () => {
  let scene: Buffer;
  let subject: FaceAnalysis;
  let bystander: FaceAnalysis;

  beforeAll(async () => {
    const bystanderPhoto = await otherPersonPhoto();
    subject = original;
    bystander = await analyse(bystanderPhoto);
    const large = await sharp(bystanderPhoto).resize({ height: 900 }).toBuffer();
    const small = await cropFace(SAME_PERSON[1], { margin: 0.3, widthPx: 260 });
    scene = await sharp({ create: { width: 1600, height: 1000, channels: 3, background: '#556677' } })
      .composite([
        { input: large, left: 10, top: 50 },
        { input: small, left: 800, top: 330 },
      ])
      .jpeg({ quality: 92 })
      .toBuffer();
  });

  it('is the large bystander under the policy `largest`', async () => {
    const analysis = await analyse(scene, { faceSelection: 'largest' });

    expect(compareEmbeddings(analysis.embedding, bystander.embedding)).toBeGreaterThan(STAYS_ALIKE);
    expect(compareEmbeddings(analysis.embedding, subject.embedding)).toBeLessThan(0.3);
  });

  it('is the small face in the middle under the policy `central`', async () => {
    const analysis = await analyse(scene, { faceSelection: 'central' });

    expect(compareEmbeddings(analysis.embedding, subject.embedding)).toBeGreaterThan(STAYS_ALIKE);
    expect(analysis.facesFound).toBe(2);
    expect(analysis.warnings).toContain('several_faces');
  });

  it('does not exist under the policy `single`', async () => {
    const analysing = analyse(scene, { faceSelection: 'single' });

    await expect(analysing).rejects.toMatchObject({ code: 'multiple_faces' });
  });
});

describe('photos that are refused', () => {
  it('those without a face, turned or not', async () => {
    for (const degrees of [0, 90, 180, 270]) {
      const bytes = await sharp(await photoWithoutFace())
        .rotate(degrees)
        .jpeg()
        .toBuffer();

      await expect(analyse(bytes)).rejects.toMatchObject({ code: 'face_not_found' });
    }
  });

  it('plain colours and noise', async () => {
    const size = { width: 500, height: 400, channels: 3 as const };
    const noise = { type: 'gaussian' as const, mean: 128, sigma: 60 };
    const pictures = [
      sharp({ create: { ...size, background: '#c09070' } }),
      sharp({ create: { ...size, background: '#000', noise } }),
    ];

    for (const picture of pictures) {
      const bytes = await picture.jpeg().toBuffer();

      await expect(analyse(bytes)).rejects.toMatchObject({ code: 'face_not_found' });
    }
  });

  it('blurred faces', async () => {
    const blurred = await sharp(portrait).blur(14).jpeg().toBuffer();

    await expect(analyse(blurred)).rejects.toMatchObject({ code: 'low_quality', reason: 'blurred' });
  });

  it('clear faces below the required quality', async () => {
    await expect(analyse(portrait, { minFaceQuality: 1 })).rejects.toMatchObject({ code: 'low_quality' });
  });
});
