import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VerificationError } from '../../src/shared/errors.js';
import { analyseImage } from '../../src/worker/vision/analyse-image.js';
import { compareEmbeddings } from '../../src/worker/vision/face/compare-embeddings.js';
import { examineFace } from '../../src/worker/vision/face/examine-face.js';
import { loadModelPack, type ModelPack } from '../../src/worker/vision/pack/model-pack.js';
import { judgeFace } from '../../src/worker/vision/recognisability/judge-face.js';
import { lumaOf } from '../../src/worker/vision/recognisability/luma-plane.js';
import { measureAppearance } from '../../src/worker/vision/recognisability/measure-appearance.js';
import { measureFeatures } from '../../src/worker/vision/recognisability/measure-features.js';
import type { FaceAnalysis, VisionSettings } from '../../src/worker/vision/types.js';
import { drawSmiley } from '../support/photos/draw-smiley.js';
import { cropFace, OTHER_PERSON, SAME_PERSON, SAMPLE_FACES, sampleFace } from '../support/photos/photos.js';
import { liteManifest, liteSettings } from '../support/photos/vision-settings.js';

const THRESHOLD = 0.5;
/** Width of a portrait, px; its face is about 110 px wide. */
const WIDTH = 250;

/** One in profile, one that looks down. */
const TURNED_FACES = [sampleFace(3), sampleFace(4)];

/** Turned, with lowered lids and little light: only just recognisable, so neither good nor hopeless. */
const BORDERLINE_FACE = sampleFace(11);

let pack: ModelPack;
/** One portrait of each person of the samples. */
let portraits: readonly Buffer[];

const analyse = (bytes: Uint8Array, changes: Partial<VisionSettings> = {}) =>
  analyseImage(bytes, pack, liteSettings(changes));

beforeAll(async () => {
  pack = await loadModelPack({ ...liteSettings(), manifest: liteManifest() });
  const others = [SAME_PERSON[1], BORDERLINE_FACE, ...TURNED_FACES];
  const persons = SAMPLE_FACES.filter((face) => !others.includes(face));
  portraits = await Promise.all(persons.map((face) => cropFace(face, { widthPx: WIDTH, quality: 95 })));
});

afterAll(() => pack.close());

/** The mean along a line: what a camera sees that moves sideways. */
function motion(length: number) {
  const middle = Math.floor(length / 2);
  const kernel = Array.from({ length: length * length }, (_, index) =>
    Math.floor(index / length) === middle ? 1 : 0,
  );
  return { width: length, height: length, kernel };
}

const toSide = async (photo: Sharp, side: number) =>
  sharp(await photo.resize(side).png().toBuffer()).resize(WIDTH, undefined, { kernel: 'cubic' });

/** Ways to spoil a photo until nobody is to be recognised, and the reason that is to be given. */
const HOPELESS: readonly (readonly [string, string | undefined, (photo: Sharp) => Sharp | Promise<Sharp>])[] =
  [
    ['blurred', 'blurred', (photo) => photo.blur(9)],
    ['moved', undefined, (photo) => photo.convolve(motion(41))],
    ['enlarged from 12 px of face', 'blurred', (photo) => toSide(photo, 27)],
    ['in two tones', undefined, (photo) => photo.greyscale().threshold(128)],
    ['negative', undefined, (photo) => photo.negate()],
  ];

async function outcomesOf(spoil: (photo: Sharp) => Sharp | Promise<Sharp>) {
  const outcomes: (FaceAnalysis | VerificationError)[] = [];
  for (const portrait of portraits.slice(0, 8)) {
    const bytes = await (await spoil(sharp(portrait))).png().toBuffer();
    outcomes.push(await analyse(bytes).catch((error: unknown) => error as VerificationError));
  }
  return outcomes;
}

describe('a photo that shows too little', () => {
  it.each(HOPELESS)('%s is refused or matches no stranger spoilt alike', async (_, reason, spoil) => {
    const outcomes = await outcomesOf(spoil);

    const faces = outcomes.filter((outcome): outcome is FaceAnalysis => !(outcome instanceof Error));
    const refusals = outcomes.filter((outcome) => outcome instanceof VerificationError);
    expect(faces.length).toBeLessThan(outcomes.length * 0.3);
    for (const { code } of refusals) expect(code).toMatch(/^(low_quality|face_not_found)$/);
    if (reason) expect(refusals.filter((error) => error.reason === reason).length).toBeGreaterThan(0);
    faces.forEach((face, index) => {
      for (const other of faces.slice(0, index))
        expect(compareEmbeddings(face.embedding, other.embedding)).toBeLessThan(THRESHOLD);
    });
  });

  it('of mean luma 7 as too dark (F32)', async () => {
    const photo = sharp(await cropFace(OTHER_PERSON)).removeAlpha();
    const { channels } = await photo.stats();
    const mean = channels.reduce((sum, channel) => sum + channel.mean, 0) / channels.length;
    const dark = await photo
      .linear(7 / mean, 0)
      .png()
      .toBuffer();

    await expect(analyse(dark)).rejects.toMatchObject({ code: 'low_quality', reason: 'too_dark' });
  });
});

it('a face in profile is refused as turned', async () => {
  for (const face of TURNED_FACES)
    await expect(analyse(await cropFace(face))).rejects.toMatchObject({
      code: 'low_quality',
      reason: 'turned',
    });
});

describe('a picture of no face', () => {
  it.each([
    ['#ffcc33', 12],
    ['#ffd93b', 16],
    ['#e0ac69', 10],
    ['#8d5524', 14],
    ['#7cb342', 12],
  ])('drawn in %s with eyes of %i px is never compared', async (skin, eye) => {
    const bytes = await sharp(drawSmiley(skin, eye)).flatten({ background: '#fff' }).png().toBuffer();

    await expect(analyse(bytes)).rejects.toMatchObject({
      code: expect.stringMatching(/^(low_quality|face_not_found)$/),
    });
  });
});

describe('a good photo', () => {
  it('passes, in a portrait and with a face of 64 px, with a quality score', async () => {
    for (const portrait of portraits.slice(0, 12)) {
      const small = await sharp(portrait).resize(145).png().toBuffer();

      const scores = [(await analyse(portrait)).quality.score, (await analyse(small)).quality.score];

      for (const score of scores) expect(score).toBeGreaterThan(pack.recognisability.limits.standard);
    }
  });

  it('scores less with every step of blur', async () => {
    const photo = portraits[0] as Buffer;
    const scores: number[] = [];
    for (const sigma of [0.4, 2, 3, 4]) {
      const bytes = await sharp(photo).blur(sigma).png().toBuffer();
      scores.push((await analyse(bytes, { recognisability: 'off' })).quality.score);
    }

    expect(scores).toEqual(scores.toSorted((one, other) => other - one));
    expect(scores[0]).toBeGreaterThan(scores[3]! + 0.3);
  });

  it('is compared at any quality if the check is off', async () => {
    const bytes = await sharp(portraits[0]).blur(6).png().toBuffer();

    await expect(analyse(bytes)).rejects.toMatchObject({ code: 'low_quality' });
    expect((await analyse(bytes, { recognisability: 'off' })).warnings).not.toContain('blurred');
  });
});

it('takes at most a twentieth of the time of a photo', async () => {
  const bytes = portraits[0] as Buffer;
  const ratios: number[] = [];
  for (let round = 0; round < 15; round++) {
    const startedAt = performance.now();
    const face = await examineFace(bytes, { pack, settings: liteSettings() });
    const examinedAt = performance.now();
    const features = measureFeatures({
      aligned: face.aligned,
      landmarks: face.located.face.landmarks,
      raw: face.embedding,
    });
    const options = { data: pack.recognisability, strictness: 'standard', minScore: 0 } as const;
    const appearance = measureAppearance(lumaOf(face.aligned));
    judgeFace({ features, appearance, embedding: face.embedding }, options);
    ratios.push((performance.now() - examinedAt) / (examinedAt - startedAt));
  }

  const median = ratios.toSorted((one, other) => one - other)[7] as number;
  console.info(`The recognisability check takes ${(median * 100).toFixed(1)} % of a photo.`);
  expect(median).toBeLessThan(0.05);
});
