import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { problemSchema } from '../../src/shared/contract/problem.js';
import { drawSmiley } from '../support/photos/draw-smiley.js';
import { cropFace, sampleFace } from '../support/photos/photos.js';
import { type Answer, type Service, startService } from '../support/programs/service.js';
import { type ImageServer, startImageServer } from '../support/servers/image-server.js';

/** Four women; the last one is the reference. */
const STRANGERS = [sampleFace(0), sampleFace(7), sampleFace(12), sampleFace(18)];
const FIELDS = ['front_image1', 'front_image2', 'front_image3', 'back_image'] as const;

let service: Service;
let images: ImageServer;

beforeAll(async () => {
  images = await startImageServer();
  service = await startService();
});

afterAll(async () => {
  await service?.stop();
  await images?.stop();
});

/** Compares four pictures, the last one as the reference. */
async function compare(pictures: readonly Buffer[], minMatches: 2 | 3): Promise<Answer> {
  const photos = Object.fromEntries(
    FIELDS.map((field, index) => [field, images.serve(`/${field}.png`, pictures[index]!)]),
  );
  return service.post('/compare-faces', { user_id: 'u-1', min_matches: minMatches, ...photos });
}

/** Photos of four strangers, each spoilt by `spoil`. */
async function spoilStrangers(spoil: (photo: Sharp, index: number) => Sharp): Promise<Buffer[]> {
  const portraits = await Promise.all(STRANGERS.map((face) => cropFace(face, { widthPx: 250, quality: 95 })));
  return Promise.all(portraits.map((portrait, index) => spoil(sharp(portrait), index).png().toBuffer()));
}

/** Pictures of nothing: `side` × `side` px of noise, another one at each index. */
async function drawNoise(index: number, side = 240): Promise<Buffer> {
  let state = index + 1;
  const data = Buffer.from(
    Array.from({ length: side * side * 3 }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state >>> 24;
    }),
  );
  return sharp(data, { raw: { width: side, height: side, channels: 3 } })
    .blur(1 + 3 * index)
    .normalise()
    .png()
    .toBuffer();
}

const SMILEYS = [
  ['#ffcc33', 12],
  ['#ffd93b', 16],
  ['#e0ac69', 10],
  ['#8d5524', 14],
] as const;

const BAD: readonly (readonly [string, () => Promise<readonly Buffer[]>])[] = [
  ['four strangers, each blurred differently', () => spoilStrangers((photo, i) => photo.blur(7 + i))],
  ['four strangers in negative', () => spoilStrangers((photo) => photo.negate({ alpha: false }))],
  [
    'four strangers in two tones',
    () => spoilStrangers((photo, i) => photo.greyscale().threshold(110 + 10 * i)),
  ],
  ['four strangers in the dark', () => spoilStrangers((photo, i) => photo.linear(0.02 + 0.01 * i, 0))],
  [
    'four drawn faces',
    () =>
      Promise.all(
        SMILEYS.map(([skin, eye]) =>
          sharp(drawSmiley(skin, eye)).flatten({ background: '#fff' }).png().toBuffer(),
        ),
      ),
  ],
  ['noise', () => Promise.all([0, 1, 2, 3].map((index) => drawNoise(index)))],
];

describe.each(BAD)('%s', (_, draw) => {
  it.each([2, 3] as const)('never match with min_matches %d, and the answer says why', async (minMatches) => {
    const { status, body } = await compare(await draw(), minMatches);

    expect(body).not.toHaveProperty('matched');
    expect(status).toBe(422);
    const problem = problemSchema.parse(body);
    expect(problem.code).toMatch(/^(low_quality|face_not_found)$/);
    expect(problem.image).toBe('back_image');
    expect(problem.detail).toMatch(/^back_image: ./);
    if (problem.code === 'low_quality') expect(problem.reason).toBeDefined();
  });
});
