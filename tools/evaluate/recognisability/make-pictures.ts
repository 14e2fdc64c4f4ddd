import type { ExaminedFace } from '../../../src/worker/vision/face/examine-face.js';
import type { RgbImage } from '../../../src/worker/vision/types.js';
import { blurPicture, cutPicture, encodePng, readPicture, resizePicture } from '../../edit-picture.js';
import type { Random } from '../plan/random.js';
import { drawFaceAlone } from './draw-face.js';
import { drawTexture } from './draw-texture.js';
import type { Example } from './fit-recognisability.js';
import { COVERED, type Portrait, SPOILINGS, spoilTwice } from './spoil-face.js';
import { addNoise } from './spoil-pixels.js';

/** A picture and what was done to it. */
export interface Picture {
  /** `clean`, `blur 0.04`, `drawn face`, … */
  readonly label: string;
  readonly kind: Example['kind'];
  readonly bytes: Buffer;
}

/** Widths of a face, px, in the portraits that are spoilt; photos with less are left as they are. */
const PORTRAIT_FACE_PX = 130;
const SMALL_FACE_PX = 64;

/** Least width of a face, px, that is worth being spoilt. */
const LEAST_FACE_PX = 48;

/** Side of a portrait in parts of the face's longer edge. */
const PORTRAIT_SIDE = 2.2;

const GARBAGE_SIDE_PX = 200;

/** Yields a face's portrait, clean and small, and then spoilt in every way, the same ones for the same `random`. */
export async function* spoilPhoto(
  bytes: Uint8Array,
  { located: { face } }: ExaminedFace,
  random: Random,
): AsyncGenerator<Picture> {
  if (face.box.width < LEAST_FACE_PX) return;
  const whole = await cutPortrait(await readPicture(bytes), face);
  const portrait = await reduce(whole, PORTRAIT_FACE_PX);
  yield { label: 'clean', kind: 'clean', bytes: await encodePng(portrait.image) };
  if (whole.faceWidth > SMALL_FACE_PX) {
    const small = await reduce(whole, SMALL_FACE_PX);
    yield { label: 'clean 64 px', kind: 'clean', bytes: await encodePng(small.image) };
  }
  for (const [label, spoil] of Object.entries(SPOILINGS)) {
    const kind = COVERED.has(label) ? 'covered' : label === 'cartoon face over it' ? 'garbage' : 'spoilt';
    yield { label, kind, bytes: await encodePng(await spoil(portrait, random)) };
  }
  for (let count = 0; count < 4; count++)
    yield {
      label: 'two at once',
      kind: 'spoilt',
      bytes: await encodePng(await spoilTwice(portrait, random)),
    };
}

/** Returns a picture that shows nobody. */
export async function drawGarbage(random: Random): Promise<Picture> {
  const isDrawn = random() < 0.67;
  let image = isDrawn
    ? await readPicture(Buffer.from(drawFaceAlone(GARBAGE_SIDE_PX, random)))
    : drawTexture(GARBAGE_SIDE_PX, random);
  if (random() < 0.25) image = await blurPicture(image, 1 + 5 * random());
  if (random() < 0.25) image = addNoise(image, 30 * random(), random);
  return { label: isDrawn ? 'drawn face' : 'texture', kind: 'garbage', bytes: await encodePng(image) };
}

async function cutPortrait(
  image: RgbImage,
  { box, landmarks }: ExaminedFace['located']['face'],
): Promise<Portrait> {
  const side = Math.round(Math.max(box.width, box.height) * PORTRAIT_SIDE);
  const left = Math.min(image.width - 1, Math.max(0, Math.round(box.x + (box.width - side) / 2)));
  const top = Math.min(image.height - 1, Math.max(0, Math.round(box.y + (box.height - side) / 2)));
  const width = Math.min(side, image.width - left);
  const height = Math.min(side, image.height - top);
  return {
    image: await cutPicture(image, { left, top, width, height }),
    landmarks: landmarks.map((value, index) => value - (index % 2 === 0 ? left : top)),
    faceWidth: box.width,
  };
}

async function reduce(portrait: Portrait, faceWidth: number): Promise<Portrait> {
  const scale = faceWidth / portrait.faceWidth;
  if (scale >= 1) return portrait;
  const { width, height } = portrait.image;
  return {
    image: await resizePicture(portrait.image, { width: width * scale, height: height * scale }),
    landmarks: portrait.landmarks.map((value) => value * scale),
    faceWidth,
  };
}
