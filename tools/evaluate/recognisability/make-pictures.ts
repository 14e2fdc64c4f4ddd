import type { ExaminedFace } from '../../../src/worker/vision/face/examine-face.js';
import type { RgbImage } from '../../../src/worker/vision/types.js';
import { blurPicture, cutPicture, encodePng, readPicture, resizePicture } from '../../edit-picture.js';
import type { Random } from '../plan/random.js';
import { drawFaceAlone } from './draw-face.js';
import { drawTexture } from './draw-texture.js';
import type { Example } from './fit-recognisability.js';
import { COVERED, drawSpoilings, overdrawFace, type Portrait, SPOILINGS, spoilTwice } from './spoil-face.js';
import { addNoise } from './spoil-pixels.js';

/** A picture and what was done to it. */
export interface Picture {
  /** `clean`, `blur 0.04`, `drawn face`, … */
  readonly label: string;
  /** Its row in the table: `clean`, `blurred`, `garbage`, … */
  readonly family: string;
  readonly kind: Example['kind'];
  readonly bytes: Buffer;
}

/** Greatest width of a face in a portrait and in a small portrait, px. */
const PORTRAIT_FACE_PX = 130;
const SMALL_FACE_PX = 64;

/** Least width of a face that is spoilt, px. */
const LEAST_FACE_PX = 48;

/** Side of a portrait, as a multiple of the face's longer edge. */
const PORTRAIT_SIDE = 2.2;

const GARBAGE_SIDE_PX = 200;

/** Ways of each family in which a portrait is spoilt. */
const WAYS_PER_FAMILY = 2;

/** Yields a face's portrait clean, small, and spoilt in ways of every family; the same ones for the same `random`. */
export async function* spoilPhoto(
  bytes: Uint8Array,
  { located: { face } }: ExaminedFace,
  random: Random,
): AsyncGenerator<Picture> {
  if (face.box.width < LEAST_FACE_PX) return;
  const whole = await cutPortrait(await readPicture(bytes), face);
  const portrait = await reduce(whole, PORTRAIT_FACE_PX);
  const base = whole.faceWidth > SMALL_FACE_PX ? [portrait, await reduce(whole, SMALL_FACE_PX)] : [portrait];
  for (const { image, faceWidth } of base) {
    const label = faceWidth > SMALL_FACE_PX ? 'clean' : 'clean, at most 64 px';
    yield { label, family: label, kind: 'clean', bytes: await encodePng(image) };
  }
  for (const family of Object.keys(SPOILINGS)) {
    for (const [label, spoil] of drawSpoilings(family, WAYS_PER_FAMILY, random)) {
      const kind = COVERED.has(label) ? 'covered' : 'spoilt';
      yield { label, family, kind, bytes: await encodePng(await spoil(portrait, random)) };
    }
  }
  for (let count = 0; count < WAYS_PER_FAMILY; count++) {
    const bytes = await encodePng(await spoilTwice(portrait, random));
    yield { label: 'two at once', family: 'two at once', kind: 'spoilt', bytes };
  }
  const overdrawn = await encodePng(await overdrawFace(portrait, random));
  yield { label: 'cartoon face over it', family: 'garbage', kind: 'garbage', bytes: overdrawn };
}

/** Returns a picture that shows nobody. */
export async function drawGarbage(random: Random): Promise<Picture> {
  const isDrawn = random() < 0.67;
  let image = isDrawn
    ? await readPicture(Buffer.from(drawFaceAlone(GARBAGE_SIDE_PX, random)))
    : drawTexture(GARBAGE_SIDE_PX, random);
  if (random() < 0.25) image = await blurPicture(image, 1 + 5 * random());
  if (random() < 0.25) image = addNoise(image, 30 * random(), random);
  return {
    label: isDrawn ? 'drawn face' : 'texture',
    family: 'garbage',
    kind: 'garbage',
    bytes: await encodePng(image),
  };
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
