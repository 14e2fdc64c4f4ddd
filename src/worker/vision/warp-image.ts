import type { ImagePyramid } from './image-pyramid.js';
import type { SimilarityTransform } from './similarity-transform.js';
import type { RgbImage } from './types.js';

/**
 * Returns a square cut-out of a photo, `sidePx` × `sidePx`, in a new array. `toPhoto` takes the centre of pixel (x, y)
 * of the cut-out, counted from 0, to its place in the photo in the same count. Bilinear, rounded to whole values;
 * outside the photo is black, and so partly are pixels across its edge.
 * @see OpenCV warpAffine, INTER_LINEAR, BORDER_CONSTANT: the same result on a flat pyramid, but for its 1/32-pixel grid
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
      let red = 0.5;
      let green = 0.5;
      let blue = 0.5;
      for (let corner = 0; corner < 4; corner++) {
        const column = left + (corner & 1);
        const row = top + (corner >> 1);
        if (column < 0 || row < 0 || column >= width || row >= height) continue;
        const weight = (1 - Math.abs(fromX - column)) * (1 - Math.abs(fromY - row));
        const from = (row * width + column) * 3;
        red += source[from]! * weight;
        green += source[from + 1]! * weight;
        blue += source[from + 2]! * weight;
      }
      data[to] = red;
      data[to + 1] = green;
      data[to + 2] = blue;
    }
  }
  return { width: sidePx, height: sidePx, data };
}
