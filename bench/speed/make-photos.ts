import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { cropFace, SAME_PERSON, type SampleFace, samplePhoto } from '../../test/support/photos/photos.js';

/** Portraits of 2, 0.3 and 12 megapixels; `group`: camera photos of 2.5 to 3 megapixels with three to five people. */
export const PHOTO_KINDS = ['2mp', '0.3mp', '12mp', 'group'] as const;
export type PhotoKind = (typeof PHOTO_KINDS)[number];

const SIZES = { '0.3mp': [480, 640], '2mp': [1224, 1632], '12mp': [3000, 4000] } as const;

/** Photos of each kind: a reference and three probes. */
const PHOTOS_OF_A_KIND = 4;

/** Grain that makes an enlarged face as expensive to decode as a camera's photo: about 2 bits per pixel at quality 90. */
const GRAIN = 18;

/** Returns the file name of a photo; number 0 is the reference. */
export function photoName(kind: PhotoKind, index: number): string {
  return `${kind}-${index}.jpg`;
}

/** Returns a request for the photos of one kind from `origin`, each served after a pause. */
export function comparisonBody(kind: PhotoKind, origin: string, index: number, pauseMs = 0): string {
  const url = (photo: number) => `${origin}/${photoName(kind, photo)}?ms=${pauseMs}`;
  return JSON.stringify({
    user_id: `bench-${index}`,
    back_image: url(0),
    front_image1: url(1),
    front_image2: url(2),
    front_image3: url(3),
  });
}

/** Makes all photos in `folder` from the samples of @vladmandic/face-api. The face takes 40 % of a portrait's width. */
export async function makePhotos(folder: string, kinds: readonly PhotoKind[]): Promise<void> {
  const [first, second] = SAME_PERSON;
  for (const kind of kinds) {
    for (let index = 0; index < PHOTOS_OF_A_KIND; index++) {
      const photo =
        kind === 'group'
          ? samplePhoto(index % 2 === 0 ? 1 : 3)
          : await makePortrait(index % 2 === 0 ? first : second, SIZES[kind], index);
      writeFileSync(join(folder, photoName(kind, index)), photo);
    }
  }
}

async function makePortrait(
  face: SampleFace,
  [width, height]: readonly [number, number],
  index: number,
): Promise<Buffer> {
  const grain = await sharp({
    create: {
      width,
      height,
      channels: 3,
      background: 'black',
      noise: { type: 'gaussian', mean: 128, sigma: GRAIN },
    },
  })
    .png({ compressionLevel: 1 })
    .toBuffer();
  const portrait = await cropFace(face, { margin: 0.65 + 0.05 * index, quality: 100 });
  return sharp(portrait)
    .resize(width, height, { fit: 'cover' })
    .composite([{ input: grain, blend: 'soft-light' }])
    .jpeg({ quality: 90 })
    .toBuffer();
}
