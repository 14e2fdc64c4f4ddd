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

/** Ways to spoil a photo of a face, by name; what is drawn by chance comes from `random`. */
export const SPOILINGS: Readonly<Record<string, Spoiling>> = {
  'blur 0.02': blur(0.02),
  'blur 0.03': blur(0.03),
  'blur 0.04': blur(0.04),
  'blur 0.05': blur(0.05),
  'blur 0.07': blur(0.07),
  'blur 0.10': blur(0.1),
  'motion 0.10': move(0.1),
  'motion 0.15': move(0.15),
  'motion 0.25': move(0.25),
  'motion 0.40': move(0.4),
  'from 12 px': enlarge(12),
  'from 16 px': enlarge(16),
  'from 20 px': enlarge(20),
  'from 28 px': enlarge(28),
  'from 40 px': enlarge(40),
  'JPEG 1': jpeg(1),
  'JPEG 2': jpeg(2),
  'JPEG 3': jpeg(3),
  'JPEG 5': jpeg(5),
  'two tones': ({ image }) => toTones(image, 2),
  'three tones': ({ image }) => toTones(image, 3),
  'four tones': ({ image }) => toTones(image, 4),
  mask: cover('mask'),
  sunglasses: cover('sunglasses'),
  'mask and sunglasses': cover('mask', 'sunglasses'),
  hand: cover('hand'),
  'bar over the eyes': cover('bar'),
  'half covered': cover('half'),
  scarf: cover('scarf'),
  patches: cover('patches'),
  overexposed: ({ image }, random) => {
    const gain = between(random, 2, 5);
    return mapTones(image, (value) => value * gain + 30);
  },
  washed: ({ image }, random) => {
    const contrast = between(random, 0.04, 0.15);
    const level = between(random, 20, 220);
    return mapTones(image, (value) => level + (value - 128) * contrast);
  },
  dark: ({ image }, random) => {
    const gain = between(random, 0.02, 0.12);
    return mapTones(image, (value) => value * gain);
  },
  'dark and noisy': ({ image }, random) => {
    const gain = between(random, 0.03, 0.2);
    return addNoise(
      mapTones(image, (value) => value * gain),
      between(random, 4, 20),
      random,
    );
  },
  negative: ({ image }) => mapTones(image, (value) => 255 - value),
  solarised: ({ image }) => mapTones(image, (value) => (value < 128 ? value : 255 - value) * 2),
  noise: ({ image }, random) => addNoise(image, between(random, 40, 140), random),
  specks: ({ image }, random) => addSpecks(image, between(random, 0.15, 0.6), random),
  painted: async ({ image, faceWidth }, random) =>
    toTones(await flattenPicture(image, 2 * Math.round(faceWidth * between(random, 0.03, 0.06)) + 1), 4),
  'cartoon face over it': (portrait, random) => drawOver(portrait.image, drawFace(portrait, random)),
};

/** Those that cover so much of a face that it may not be compared. */
export const COVERED: ReadonlySet<string> = new Set([
  'mask',
  'mask and sunglasses',
  'bar over the eyes',
  'half covered',
  'scarf',
]);

const BLURRING = [
  'blur 0.02',
  'blur 0.03',
  'blur 0.04',
  'motion 0.10',
  'motion 0.15',
  'from 28 px',
  'from 20 px',
];
const COVERING = ['mask', 'sunglasses', 'hand', 'bar over the eyes', 'scarf', 'patches'];
const REST = [
  'JPEG 5',
  'JPEG 3',
  'three tones',
  'four tones',
  'dark and noisy',
  'noise',
  'overexposed',
  'specks',
  'negative',
];

/** Returns the portrait spoilt in two ways at once. */
export async function spoilTwice(portrait: Portrait, random: Random): Promise<RgbImage> {
  const [first, second] = pick(random, [
    [COVERING, BLURRING],
    [BLURRING, REST],
    [COVERING, REST],
    [REST, BLURRING],
    [REST, REST],
  ] as const);
  const image = await SPOILINGS[pick(random, first)]!(portrait, random);
  return SPOILINGS[pick(random, second)]!({ ...portrait, image }, random);
}
