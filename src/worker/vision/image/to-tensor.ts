import type { RgbImage } from '../types.js';
import type { ImagePyramid } from './image-pyramid.js';
import type { Placement } from './placement.js';

/** A model's normalisation `(pixel − mean) / std` and its order of channel planes. */
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

interface BlendPlan {
  readonly columns: Taps;
  readonly rows: Taps;
  readonly placement: Placement;
  readonly normalisation: Normalisation;
}

/**
 * Writes a photo into `out` in one pass: turned, scaled, placed and normalised.
 * `out`: NCHW float32 [1, 3, canvas.height, canvas.width], overwritten completely; padding is normalised black.
 * Bilinear between pixel centres with the edge repeated, as OpenCV's INTER_LINEAR, on a pyramid level at most twice as
 * large as the content. On a flat pyramid the result equals OpenCV's, except for its rounding to whole grey values.
 */
export function writeTensor(
  out: Float32Array,
  photo: ImagePyramid,
  { placement, normalisation }: { placement: Placement; normalisation: Normalisation },
): void {
  const { content, quarterTurns } = placement;
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
  out.fill(-normalisation.mean / normalisation.std);
  blend(out, image.data, { columns, rows, placement, normalisation });
}

/** As writeTensor, but rounds to whole grey values before normalisation, as OpenCV's resize does. */
export function writeRoundedTensor(
  out: Float32Array,
  photo: ImagePyramid,
  { placement, normalisation }: { placement: Placement; normalisation: Normalisation },
): void {
  const { mean, std, channels } = normalisation;
  writeTensor(out, photo, { placement, normalisation: { mean: 0, std: 1, channels } });
  for (let i = 0; i < out.length; i++) out[i] = (Math.round(out[i]!) - mean) / std;
}

/** The hot loop: four reads and one write per sample, no allocation. */
function blend(
  out: Float32Array,
  data: Uint8Array,
  { columns, rows, placement, normalisation }: BlendPlan,
): void {
  const { canvas, content, offsetX, offsetY } = placement;
  const plane = canvas.width * canvas.height;
  const first = normalisation.channels === 'rgb' ? 0 : 2 * plane;
  const last = 2 * plane - first;
  const factor = 1 / normalisation.std;
  const shift = -normalisation.mean / normalisation.std;
  const firstX = Math.max(0, offsetX);
  const endX = Math.min(canvas.width, offsetX + content.width);
  const endY = Math.min(canvas.height, offsetY + content.height);
  for (let y = Math.max(0, offsetY); y < endY; y++) {
    const top = rows.near[y - offsetY]!;
    const bottom = rows.far[y - offsetY]!;
    const down = rows.weight[y - offsetY]! * factor;
    const up = factor - down;
    let to = y * canvas.width + firstX;
    for (let x = firstX; x < endX; x++, to++) {
      const left = columns.near[x - offsetX]!;
      const right = columns.far[x - offsetX]!;
      const across = columns.weight[x - offsetX]!;
      const topLeft = up * (1 - across);
      const topRight = up * across;
      const bottomLeft = down * (1 - across);
      const bottomRight = down * across;
      const a = top + left;
      const b = top + right;
      const c = bottom + left;
      const d = bottom + right;
      out[first + to] =
        data[a]! * topLeft + data[b]! * topRight + data[c]! * bottomLeft + data[d]! * bottomRight + shift;
      out[plane + to] =
        data[a + 1]! * topLeft +
        data[b + 1]! * topRight +
        data[c + 1]! * bottomLeft +
        data[d + 1]! * bottomRight +
        shift;
      out[last + to] =
        data[a + 2]! * topLeft +
        data[b + 2]! * topRight +
        data[c + 2]! * bottomLeft +
        data[d + 2]! * bottomRight +
        shift;
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
