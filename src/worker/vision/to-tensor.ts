import type { ImagePyramid } from './image-pyramid.js';
import type { Placement } from './placement.js';
import type { RgbImage } from './types.js';

/** `(pixel − mean) / std`, and the order of the channel planes a model wants. */
export interface Normalisation {
  readonly mean: number;
  readonly std: number;
  readonly channels: 'rgb' | 'bgr';
}

/** For each pixel along one axis of the content: the byte offsets of the two source pixels and the second's weight. */
interface Taps {
  readonly near: Int32Array;
  readonly far: Int32Array;
  readonly weight: Float32Array;
}

/**
 * Writes a photo, turned, scaled, placed and normalised, into `out` in one pass.
 * `out`: NCHW float32 [1, 3, canvas.height, canvas.width], overwritten whole; padding is a black pixel, normalised.
 * Bilinear between pixel centres with the edge repeated, as OpenCV's INTER_LINEAR, on a pyramid level at most twice as
 * large as the content (a flat pyramid gives OpenCV's result exactly, but for its rounding to whole grey values).
 */
export function writeTensor(
  out: Float32Array,
  photo: ImagePyramid,
  { placement, normalisation }: { placement: Placement; normalisation: Normalisation },
): void {
  const { canvas, content, offsetX, offsetY, quarterTurns } = placement;
  const { image } = photo.levelFor(Math.min(placement.stepX, placement.stepY));
  const sideways = quarterTurns % 2 === 1;
  const columns = createTaps(image, content.width, {
    along: sideways ? 'y' : 'x',
    reversed: quarterTurns === 1 || quarterTurns === 2,
  });
  const rows = createTaps(image, content.height, {
    along: sideways ? 'x' : 'y',
    reversed: quarterTurns === 2 || quarterTurns === 3,
  });
  const plane = canvas.width * canvas.height;
  const planes = normalisation.channels === 'rgb' ? [0, plane, 2 * plane] : [2 * plane, plane, 0];
  const factor = 1 / normalisation.std;
  const shift = -normalisation.mean / normalisation.std;
  out.fill(shift);
  const { data } = image;
  const firstX = Math.max(0, offsetX);
  const endX = Math.min(canvas.width, offsetX + content.width);
  const endY = Math.min(canvas.height, offsetY + content.height);
  for (let y = Math.max(0, offsetY); y < endY; y++) {
    const top = rows.near[y - offsetY]!;
    const bottom = rows.far[y - offsetY]!;
    const down = rows.weight[y - offsetY]!;
    for (let x = firstX; x < endX; x++) {
      const left = columns.near[x - offsetX]!;
      const right = columns.far[x - offsetX]!;
      const across = columns.weight[x - offsetX]!;
      for (let channel = 0; channel < 3; channel++) {
        const above = data[top + left + channel]!;
        const below = data[bottom + left + channel]!;
        const upper = above + (data[top + right + channel]! - above) * across;
        const lower = below + (data[bottom + right + channel]! - below) * across;
        out[planes[channel]! + y * canvas.width + x] = (upper + (lower - upper) * down) * factor + shift;
      }
    }
  }
}

function createTaps(
  image: RgbImage,
  length: number,
  { along, reversed }: { along: 'x' | 'y'; reversed: boolean },
): Taps {
  const sourceLength = along === 'x' ? image.width : image.height;
  const stride = along === 'x' ? 3 : image.width * 3;
  const taps = {
    near: new Int32Array(length),
    far: new Int32Array(length),
    weight: new Float32Array(length),
  };
  for (let i = 0; i < length; i++) {
    const centre = ((i + 0.5) * sourceLength) / length - 0.5;
    const position = Math.min(sourceLength - 1, Math.max(0, centre));
    const near = Math.floor(position);
    const target = reversed ? length - 1 - i : i;
    taps.near[target] = near * stride;
    taps.far[target] = Math.min(sourceLength - 1, near + 1) * stride;
    taps.weight[target] = position - near;
  }
  return taps;
}
