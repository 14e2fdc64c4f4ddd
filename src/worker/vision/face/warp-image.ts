import type { ImagePyramid } from '../image/image-pyramid.js';
import type { RgbImage } from '../types.js';
import type { SimilarityTransform } from './similarity-transform.js';

/**
 * Returns a square cut-out of a photo, `sidePx` × `sidePx`, in a new array. `toPhoto` maps the centre of pixel (x, y) of
 * the cut-out, counted from 0, to the photo in the same units. Bilinear, rounded to whole values. Outside the photo is
 * black; pixels across its edge are blended with black.
 * @see OpenCV warpAffine, INTER_LINEAR, BORDER_CONSTANT: the same result on a flat pyramid, except for its 1/32-pixel grid
 */
export function warpImage(photo: ImagePyramid, toPhoto: SimilarityTransform, sidePx: number): RgbImage {
  const { image, factor } = photo.levelFor(Math.hypot(toPhoto.a, toPhoto.b));
  const a = toPhoto.a / factor;
  const b = toPhoto.b / factor;
  // Pixel centres: position p of the photo is (p + 0.5) / factor − 0.5 of the level.
  const tx = (toPhoto.tx + 0.5) / factor - 0.5;
  const ty = (toPhoto.ty + 0.5) / factor - 0.5;
  const { width, height, data: source } = image;
  const data = new Uint8Array(sidePx * sidePx * 3);
  for (let y = 0, to = 0; y < sidePx; y++) {
    for (let x = 0; x < sidePx; x++, to += 3) {
      const fromX = a * x - b * y + tx;
      const fromY = b * x + a * y + ty;
      const left = Math.floor(fromX);
      const top = Math.floor(fromY);
      if (left < -1 || top < -1 || left >= width || top >= height) continue;
      // Neighbours outside the photo have weight 0. Reading a pixel inside instead keeps the loop free of branches.
      const toLeft = left < 0 ? 0 : 1 - (fromX - left);
      const toRight = left + 1 >= width ? 0 : 1 - (left + 1 - fromX);
      const up = top < 0 ? 0 : 1 - (fromY - top);
      const down = top + 1 >= height ? 0 : 1 - (top + 1 - fromY);
      const firstRow = Math.max(0, top) * width;
      const secondRow = Math.min(height - 1, top + 1) * width;
      const firstColumn = Math.max(0, left);
      const secondColumn = Math.min(width - 1, left + 1);
      const p = (firstRow + firstColumn) * 3;
      const q = (firstRow + secondColumn) * 3;
      const r = (secondRow + firstColumn) * 3;
      const t = (secondRow + secondColumn) * 3;
      const atP = toLeft * up;
      const atQ = toRight * up;
      const atR = toLeft * down;
      const atT = toRight * down;
      data[to] = 0.5 + source[p]! * atP + source[q]! * atQ + source[r]! * atR + source[t]! * atT;
      data[to + 1] =
        0.5 + source[p + 1]! * atP + source[q + 1]! * atQ + source[r + 1]! * atR + source[t + 1]! * atT;
      data[to + 2] =
        0.5 + source[p + 2]! * atP + source[q + 2]! * atQ + source[r + 2]! * atR + source[t + 2]! * atT;
    }
  }
  return { width: sidePx, height: sidePx, data };
}
