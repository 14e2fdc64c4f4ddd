import { readFileSync } from 'node:fs';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VerificationError } from '../../src/shared/errors.js';
import { findDuplicates } from '../../src/worker/verification/find-duplicates.js';
import { analyseImage } from '../../src/worker/vision/analyse-image.js';
import { compareEmbeddings } from '../../src/worker/vision/face/compare-embeddings.js';
import { normaliseEmbedding } from '../../src/worker/vision/face/embed-face.js';
import { loadModelPack, type ModelPack } from '../../src/worker/vision/pack/model-pack.js';
import type { FaceAnalysis, VisionSettings } from '../../src/worker/vision/types.js';
import { readJsonLines } from '../support/fuzz/jsonl.js';
import { cropFace, OTHER_PERSON, SAME_PERSON, SAMPLE_FACES } from '../support/photos/photos.js';
import { liteManifest, liteSettings } from '../support/photos/vision-settings.js';

/** Lines whose case stands in another file: its path from here, and the title there. */
const ELSEWHERE: Readonly<Record<string, readonly [file: string, title: string]>> = {
  F01: ['analyse-image.test.ts', 'those without a face, turned or not'],
  F03: ['analyse-image.test.ts', 'does not exist under the policy `single`'],
  F07: ['analyse-image.test.ts', 'is refused below the configured minimum size'],
  F08: ['analyse-image.test.ts', 'blurred faces'],
  F13: [
    '../unit/worker/vision/recognisability/judge-face.test.ts',
    'refuses what is certainly %s, however good its score',
  ],
  F15: ['analyse-image.test.ts', 'a photo turned by %i degrees without EXIF gives the same embedding'],
  F16: ['formats-similarity.test.ts', 'does not depend on EXIF orientation %i'],
  F17: ['formats-similarity.test.ts', 'does not depend on whether the photo is a %s'],
  F18: ['formats-similarity.test.ts', 'does not depend on whether the photo is a %s'],
  F19: ['../integration/bad-params.test.ts', 'is refused if duplicates are, and never matches (P26)'],
  F32: ['recognisability.test.ts', 'of mean luma 7 as too dark (F32)'],
  F31: ['../unit/worker/vision/face/align-face.test.ts', 'refuses points that coincide'],
};

/** Lines that no test can hold: known limits, with the sentence that tells them to users. */
const TOLD: Readonly<Record<string, readonly [file: string, sentence: string]>> = {
  F25: ['../../docs/privacy.md', 'No liveness and no presentation attack detection.'],
  F26: ['../../docs/privacy.md', 'or a generated face'],
};

const OWN_TESTS = ['F06', 'F09', 'F11', 'F12', 'F14', 'F20', 'F21', 'F23', 'F28'];

const THRESHOLD = 0.5;
const textOf = (file: string): string =>
  readFileSync(new URL(file, import.meta.url), 'utf8').replace(/\s+/g, ' ');

let pack: ModelPack;
let people: readonly FaceAnalysis[];
let stranger: Buffer;

const analyse = (bytes: Uint8Array, changes: Partial<VisionSettings> = {}) =>
  analyseImage(bytes, pack, liteSettings(changes));

beforeAll(async () => {
  pack = await loadModelPack({ ...liteSettings(), manifest: liteManifest() });
  stranger = await cropFace(OTHER_PERSON);
  const others = SAMPLE_FACES.filter((face) => face !== OTHER_PERSON);
  people = await others.reduce<Promise<FaceAnalysis[]>>(
    async (done, face) => [
      ...(await done),
      // One face is in profile, another face is tilted down: strangers like any other here.
      await analyse(await cropFace(face), { recognisability: 'off' }),
    ],
    Promise.resolve([]),
  );
});

afterAll(() => pack.close());

it('every line about faces has a case, here or elsewhere, or is documented as a limit', () => {
  const ids = readJsonLines<{ id: string; group: string }>('bad-images.jsonl')
    .filter(({ group }) => group === 'face')
    .map(({ id }) => id);

  expect([...Object.keys(ELSEWHERE), ...Object.keys(TOLD), ...OWN_TESTS].sort()).toEqual(ids.sort());
  for (const [file, text] of [...Object.values(ELSEWHERE), ...Object.values(TOLD)])
    expect(textOf(file)).toContain(text);
});

/** Ways to spoil a portrait of 220 % of the face's width; the face lies in the middle. */
const SPOILT: readonly (readonly [string, (photo: Sharp, side: number) => Promise<Buffer>])[] = [
  ['moved while it was taken (F09)', (photo) => photo.convolve(motion(15)).jpeg().toBuffer()],
  ['of JPEG quality 5 (F11)', (photo) => photo.jpeg({ quality: 5 }).toBuffer()],
  ['with covered eyes (F12)', (photo, side) => cover(photo, side, [0.22, 0.36, 0.56, 0.12])],
  ['with a covered mouth (F12)', (photo, side) => cover(photo, side, [0.22, 0.55, 0.56, 0.3])],
  ['cut at the left (F14)', (photo, side) => cut(photo, side, [0.5, 0, 0.5, 1])],
  ['cut at the top (F14)', (photo, side) => cut(photo, side, [0, 0.5, 1, 0.5])],
  ['cut at the bottom (F14)', (photo, side) => cut(photo, side, [0, 0, 1, 0.5])],
];

type Part = readonly [x: number, y: number, width: number, height: number];

/** The mean along a line: what a camera sees that moves sideways. */
function motion(length: number) {
  const kernel = Array.from({ length: length * length }, (_, index) =>
    Math.floor(index / length) === Math.floor(length / 2) ? 1 : 0,
  );
  return { width: length, height: length, kernel };
}

function toPixels([x, y, width, height]: Part, side: number) {
  const px = (share: number) => Math.round(share * side);
  return { left: px(x), top: px(y), width: px(width), height: px(height) };
}

function cover(photo: Sharp, side: number, part: Part): Promise<Buffer> {
  const { left, top, width, height } = toPixels(part, side);
  const patch = { create: { width, height, channels: 3 as const, background: '#224' } };
  return photo
    .composite([{ input: patch, left, top }])
    .jpeg()
    .toBuffer();
}

function cut(photo: Sharp, side: number, part: Part): Promise<Buffer> {
  const { left, top, width, height } = toPixels(part, side);
  return photo.extract({ left, top, width, height }).jpeg().toBuffer();
}

describe('a spoilt photo', () => {
  const SIDE = 440;

  it.each(SPOILT)('%s is refused or shows nobody else', async (_, spoil) => {
    const square = await sharp(stranger).resize(SIDE, SIDE, { fit: 'fill' }).png().toBuffer();
    const bytes = await spoil(sharp(square), SIDE);

    const outcome = await analyse(bytes).catch((error: unknown) => error);

    if (outcome instanceof VerificationError) {
      expect(outcome.code).toMatch(/^(face_not_found|face_too_small|low_quality)$/);
      return;
    }
    const { embedding } = outcome as FaceAnalysis;
    for (const person of people)
      expect(compareEmbeddings(embedding, person.embedding)).toBeLessThan(THRESHOLD);
  });

  it('taken in motion is refused (F09)', async () => {
    const moved = await sharp(stranger).resize(SIDE).convolve(motion(61)).jpeg().toBuffer();

    await expect(analyse(moved)).rejects.toMatchObject({
      code: expect.stringMatching(/^(low_quality|face_not_found)$/),
    });
  });
});

describe('a card with a ghost of another portrait (F06)', () => {
  it('is judged by its large portrait', async () => {
    const ghost = await sharp(await cropFace(SAME_PERSON[1], { margin: 0.2, widthPx: 90 }))
      .ensureAlpha(0.6)
      .png()
      .toBuffer();
    const portrait = await sharp(stranger).resize({ height: 420 }).toBuffer();
    const card = await sharp({ create: { width: 800, height: 500, channels: 3, background: '#cde' } })
      .composite([
        { input: portrait, left: 30, top: 40 },
        { input: ghost, left: 650, top: 330 },
      ])
      .jpeg({ quality: 92 })
      .toBuffer();

    const { embedding } = await analyse(card);

    expect(compareEmbeddings(embedding, (await analyse(stranger)).embedding)).toBeGreaterThan(0.9);
  });
});

describe('the same photo sent twice', () => {
  const COPIES: readonly (readonly [
    string,
    'identical' | 'near_identical',
    (photo: Buffer) => Promise<Buffer>,
  ])[] = [
    ['the same bytes, as the reference (F23)', 'identical', async (photo) => photo],
    ['saved again (F20)', 'near_identical', (photo) => sharp(photo).jpeg({ quality: 60 }).toBuffer()],
    ['at half the size (F20)', 'near_identical', (photo) => sharp(photo).resize(220).webp().toBuffer()],
    ['without its outermost pixels (F20)', 'near_identical', (photo) => withoutBorder(photo)],
    ['mirrored (F21)', 'near_identical', (photo) => sharp(photo).flop().jpeg({ quality: 80 }).toBuffer()],
  ];

  it.each(COPIES)('is reported: %s', async (_, kind, copy) => {
    for (const face of [OTHER_PERSON, ...SAME_PERSON]) {
      const photo = await cropFace(face, { widthPx: 440 });

      const duplicates = findDuplicates({
        front_image1: await analyse(photo),
        back_image: await analyse(await copy(photo)),
      });

      expect(duplicates).toEqual([{ first: 'front_image1', second: 'back_image', kind }]);
    }
  });

  it('is not reported for photos of two people or for two photos of one person', () => {
    const [first, ...rest] = people;

    for (const person of rest)
      expect(findDuplicates({ front_image1: first as FaceAnalysis, back_image: person })).toEqual([]);
  });
});

async function withoutBorder(photo: Buffer): Promise<Buffer> {
  const { width, height } = await sharp(photo).metadata();
  return sharp(photo)
    .extract({ left: 1, top: 1, width: width - 2, height: height - 2 })
    .jpeg({ quality: 90 })
    .toBuffer();
}

describe('an aligned face of one colour (F28)', () => {
  it.each([0, 127, 255])('of brightness %i is a failure of the model or nobody', async (brightness) => {
    const data = new Uint8Array(112 * 112 * 3).fill(brightness);
    const raw = await pack.embedder.embed({ width: 112, height: 112, data });

    for (const person of people) {
      const similarity = similarityOf(raw, person);
      if (similarity !== 'model_failure') expect(similarity).toBeLessThan(THRESHOLD);
    }
  });

  function similarityOf(raw: Float32Array, person: FaceAnalysis): number | string {
    try {
      return compareEmbeddings(normaliseEmbedding(raw, pack.normBand), person.embedding);
    } catch (error) {
      if (error instanceof VerificationError) return error.code;
      throw error;
    }
  }
});
