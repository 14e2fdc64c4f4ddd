import type { FivePoints, RgbImage } from '../../../src/worker/vision/types.js';
import { blurPicture, drawOver, flattenPicture, resizePicture, throughJpeg } from '../../edit-picture.js';
import type { Random } from '../plan/random.js';
import { drawCover } from './draw-cover.js';
import { drawFace } from './draw-face.js';
import { addNoise, addSpecks, mapTones, smear, toTones } from './spoil-pixels.js';

/** A face with the space around it. */
export interface Portrait {
  readonly image: RgbImage;
  /** Pixels of `image`. */
  readonly landmarks: FivePoints;
  /** Width of the face, px. */
  readonly faceWidth: number;
}

type Spoiling = (portrait: Portrait, random: Random) => RgbImage | Promise<RgbImage>;

const KERNELS = ['nearest', 'linear', 'cubic', 'lanczos3'] as const;

/** A number between the two, evenly drawn. */
const between = (random: Random, low: number, high: number): number => low + (high - low) * random();
const pick = <T>(random: Random, values: readonly T[]): T => values[Math.floor(random() * values.length)]!;

const blur =
  (share: number): Spoiling =>
  ({ image, faceWidth }) =>
    blurPicture(image, share * faceWidth);
const move =
  (share: number): Spoiling =>
  ({ image, faceWidth }, random) =>
    smear(image, share * faceWidth, random() * Math.PI);
const enlarge =
  (fromPx: number): Spoiling =>
  async ({ image, faceWidth }, random) => {
    const scale = fromPx / faceWidth;
    const small = await resizePicture(image, { width: image.width * scale, height: image.height * scale });
    return resizePicture(small, { ...image, kernel: pick(random, KERNELS) });
  };
const jpeg =
  (quality: number): Spoiling =>
  ({ image }) =>
    throughJpeg(image, quality);
const cover =
  (...parts: Parameters<typeof drawCover>[1]): Spoiling =>
  (portrait, random) =>
    drawOver(portrait.image, drawCover(portrait, parts, random));
const tones =
  (draw: (random: Random) => (value: number) => number): Spoiling =>
  ({ image }, random) =>
    mapTones(image, draw(random));
const noise =
  (least: number, most: number): Spoiling =>
  ({ image }, random) =>
    addNoise(image, between(random, least, most), random);
const specks =
  (least: number, most: number): Spoiling =>
  ({ image }, random) =>
    addSpecks(image, between(random, least, most), random);

/** Returns a mapping to a share of the brightness, drawn between the two. */
function darken(least: number, most: number): (random: Random) => (value: number) => number {
  return (random) => {
    const gain = between(random, least, most);
    return (value) => value * gain;
  };
}

/** Ways to spoil a photo of a face: by family, then by name. What is drawn by chance comes from `random`. */
export const SPOILINGS: Readonly<Record<string, Readonly<Record<string, Spoiling>>>> = {
  blurred: {
    'blur 0.02': blur(0.02),
    'blur 0.03': blur(0.03),
    'blur 0.04': blur(0.04),
    'blur 0.05': blur(0.05),
    'blur 0.07': blur(0.07),
    'blur 0.10': blur(0.1),
  },
  moved: {
    'motion 0.10': move(0.1),
    'motion 0.15': move(0.15),
    'motion 0.25': move(0.25),
    'motion 0.40': move(0.4),
  },
  enlarged: {
    'from 12 px': enlarge(12),
    'from 16 px': enlarge(16),
    'from 20 px': enlarge(20),
    'from 28 px': enlarge(28),
    'from 40 px': enlarge(40),
  },
  JPEG: { 'JPEG 1': jpeg(1), 'JPEG 2': jpeg(2), 'JPEG 3': jpeg(3), 'JPEG 5': jpeg(5) },
  'few tones': {
    'two tones': ({ image }) => toTones(image, 2),
    'three tones': ({ image }) => toTones(image, 3),
    'four tones': ({ image }) => toTones(image, 4),
    painted: async ({ image, faceWidth }, random) =>
      toTones(await flattenPicture(image, 2 * Math.round(faceWidth * between(random, 0.03, 0.06)) + 1), 4),
  },
  covered: {
    mask: cover('mask'),
    sunglasses: cover('sunglasses'),
    'mask and sunglasses': cover('mask', 'sunglasses'),
    hand: cover('hand'),
    'bar over the eyes': cover('bar'),
    'half covered': cover('half'),
    scarf: cover('scarf'),
    patches: cover('patches'),
  },
  'badly lit': {
    overexposed: tones((random) => {
      const gain = between(random, 2, 5);
      return (value) => value * gain + 30;
    }),
    washed: tones((random) => {
      const contrast = between(random, 0.04, 0.15);
      const level = between(random, 20, 220);
      return (value) => level + (value - 128) * contrast;
    }),
    dark: tones(darken(0.02, 0.12)),
    'dark and noisy': ({ image }, random) => {
      const dark = mapTones(image, darken(0.03, 0.2)(random));
      return addNoise(dark, between(random, 4, 20), random);
    },
  },
  inverted: {
    negative: ({ image }) => mapTones(image, (value) => 255 - value),
    solarised: ({ image }) => mapTones(image, (value) => (value < 128 ? value : 255 - value) * 2),
  },
  noisy: {
    'noise 30': noise(20, 40),
    'noise 60': noise(40, 80),
    'noise 110': noise(80, 140),
    'specks 0.1': specks(0.05, 0.15),
    'specks 0.4': specks(0.15, 0.6),
  },
};

/** Ways that cover so much of a face that it must not be compared. */
export const COVERED: ReadonlySet<string> = new Set([
  'mask',
  'mask and sunglasses',
  'bar over the eyes',
  'half covered',
  'scarf',
]);

/** Draws a cartoon face over the real one, so that the face is nobody's. */
export const overdrawFace: Spoiling = (portrait, random) =>
  drawOver(portrait.image, drawFace(portrait, random));

/** Returns different ways of one family, at most `count`, drawn by chance. */
export function drawSpoilings(
  family: string,
  count: number,
  random: Random,
): readonly (readonly [string, Spoiling])[] {
  const ways = Object.entries(SPOILINGS[family]!);
  const drawn: (readonly [string, Spoiling])[] = [];
  while (drawn.length < count && ways.length > 0)
    drawn.push(...ways.splice(Math.floor(random() * ways.length), 1));
  return drawn;
}

/** Returns the portrait spoilt in two ways of different families. */
export async function spoilTwice(portrait: Portrait, random: Random): Promise<RgbImage> {
  const families = Object.keys(SPOILINGS);
  const first = pick(random, families);
  const second = pick(
    random,
    families.filter((family) => family !== first),
  );
  let spoilt = portrait;
  for (const family of [first, second]) {
    const [way] = drawSpoilings(family, 1, random);
    if (way) spoilt = { ...spoilt, image: await way[1](spoilt, random) };
  }
  return spoilt.image;
}
