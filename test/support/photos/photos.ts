import { readFileSync } from 'node:fs';
import sharp from 'sharp';

// The photos of the MIT-licensed package @vladmandic/face-api, read from node_modules and never copied into this
// repository. Every other picture of the tests is made from them at test time.
const PHOTO_FOLDER = new URL('../../../node_modules/@vladmandic/face-api/demo/', import.meta.url);

export type SampleNumber = 1 | 2 | 3 | 4 | 5 | 6;

/** A face of a sample photo with its box in pixels of the photo, found by SCRFD-2.5G at 640. */
export interface SampleFace {
  readonly photo: SampleNumber;
  /** x1, y1, x2, y2 */
  readonly box: readonly [number, number, number, number];
}

const face = (photo: SampleNumber, ...box: [number, number, number, number]): SampleFace => ({ photo, box });

/** The 22 faces, from left to right within each photo. Two of them show the same woman: SAME_PERSON. */
export const SAMPLE_FACES: readonly SampleFace[] = [
  face(1, 415, 359, 599, 594),
  face(1, 829, 431, 1033, 657),
  face(1, 1463, 204, 1688, 439),
  face(2, 363, 134, 540, 424),
  face(2, 894, 236, 1074, 457),
  face(2, 1436, 160, 1648, 389),
  face(3, 590, 325, 792, 603),
  face(3, 1070, 197, 1299, 508),
  face(3, 1482, 284, 1689, 575),
  face(4, 250, 194, 421, 439),
  face(4, 654, 60, 848, 312),
  face(4, 983, 182, 1163, 417),
  face(4, 1269, 146, 1442, 390),
  face(5, 363, 870, 570, 1172),
  face(5, 596, 411, 767, 678),
  face(5, 778, 110, 949, 333),
  face(5, 1109, 196, 1287, 436),
  face(5, 1408, 401, 1600, 671),
  face(6, 254, 480, 472, 759),
  face(6, 666, 318, 865, 635),
  face(6, 1171, 304, 1366, 584),
  face(6, 1482, 254, 1697, 554),
];

/** The right-most woman of sample 1 and the middle one of sample 3: the same person, cosine about 0.60 with `lite`. */
export const SAME_PERSON: readonly [SampleFace, SampleFace] = [sampleFace(2), sampleFace(7)];

/** The left-most woman of sample 6, who appears only once. */
export const OTHER_PERSON: SampleFace = sampleFace(18);

/** Returns the n-th of SAMPLE_FACES. */
export function sampleFace(index: number): SampleFace {
  const found = SAMPLE_FACES[index];
  if (!found) throw new Error(`there is no sample face ${index}`);
  return found;
}

/** Returns the encoded JPEG of sample photo 1..6; 3 or 4 or 5 women on each. */
export function samplePhoto(photo: SampleNumber): Buffer {
  return readFileSync(new URL(`sample${photo}.jpg`, PHOTO_FOLDER));
}

export interface CropOptions {
  /** Margin around the face's box as a fraction of its longer edge; 0: the box itself. Default 0.6. */
  readonly margin?: number;
  /** Width of the result, px. Absent: as in the photo. */
  readonly widthPx?: number;
  /** JPEG quality 1..100. Default 90. */
  readonly quality?: number;
  readonly mirrored?: boolean;
  readonly grey?: boolean;
}

/** Returns a JPEG with one face of a sample photo. The margin is clipped to the photo. */
export async function cropFace(
  { photo, box: [x1, y1, x2, y2] }: SampleFace,
  options: CropOptions = {},
): Promise<Buffer> {
  const space = (options.margin ?? 0.6) * Math.max(x2 - x1, y2 - y1);
  const bytes = samplePhoto(photo);
  const { width, height } = await sharp(bytes).metadata();
  const left = Math.max(0, Math.round(x1 - space));
  const top = Math.max(0, Math.round(y1 - space));
  let picture = sharp(bytes).extract({
    left,
    top,
    width: Math.min(width, Math.round(x2 + space)) - left,
    height: Math.min(height, Math.round(y2 + space)) - top,
  });
  if (options.widthPx) picture = picture.resize(options.widthPx);
  if (options.mirrored) picture = picture.flop();
  if (options.grey) picture = picture.greyscale();
  return picture.jpeg({ quality: options.quality ?? 90 }).toBuffer();
}

/**
 * Returns five JPEGs of one woman, no two alike: the first is meant as reference, the others as probes. The first two
 * come from another photo than the last three, so each set of probes holds an easy and a real comparison.
 */
export async function samePersonPhotos(): Promise<Buffer[]> {
  const [first, second] = SAME_PERSON;
  return Promise.all([
    cropFace(first, { margin: 0.5 }),
    cropFace(first, { margin: 0.2, quality: 75, widthPx: 260 }),
    cropFace(second, { margin: 0.3 }),
    cropFace(second, { margin: 0.15, mirrored: true, quality: 85 }),
    cropFace(second, { margin: 0.25, widthPx: 320, quality: 80 }),
  ]);
}

/** Returns a JPEG of a different woman than in samePersonPhotos. */
export async function otherPersonPhoto(): Promise<Buffer> {
  return cropFace(OTHER_PERSON, { margin: 0.3 });
}

/** Returns a JPEG of 640 × 480 px without a face: a banister in front of a wall. */
export async function photoWithoutFace(): Promise<Buffer> {
  return sharp(samplePhoto(5))
    .extract({ left: 0, top: 0, width: 480, height: 360 })
    .resize(640, 480)
    .jpeg({ quality: 85 })
    .toBuffer();
}
