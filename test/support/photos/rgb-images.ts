import sharp, { type Sharp } from 'sharp';
import type { RgbImage } from '../../../src/worker/vision/types.js';

/** Returns the mean absolute difference of two pictures of the same size, 0..255. */
export function meanDifference(one: RgbImage, other: RgbImage): number {
  requireSameSize(one, other);
  let sum = 0;
  for (let index = 0; index < one.data.length; index += 1)
    sum += Math.abs(one.data[index]! - other.data[index]!);
  return sum / one.data.length;
}

/** Returns how much brighter `one` is than `other` on average, for red, green and blue. */
export function channelBias(one: RgbImage, other: RgbImage): readonly [number, number, number] {
  requireSameSize(one, other);
  const sums: [number, number, number] = [0, 0, 0];
  for (let index = 0; index < one.data.length; index += 1)
    sums[index % 3]! += one.data[index]! - other.data[index]!;
  const pixels = one.data.length / 3;
  return [sums[0] / pixels, sums[1] / pixels, sums[2] / pixels];
}

/** Returns a rearranged picture: `from` maps a position in the result to a position in `image`. */
export function remap(
  image: RgbImage,
  size: { readonly width: number; readonly height: number },
  from: (x: number, y: number) => readonly [number, number],
): RgbImage {
  const data = new Uint8Array(size.width * size.height * 3);
  for (let y = 0; y < size.height; y += 1) {
    for (let x = 0; x < size.width; x += 1) {
      const [fromX, fromY] = from(x, y);
      const at = (fromY * image.width + fromX) * 3;
      data.set(image.data.subarray(at, at + 3), (y * size.width + x) * 3);
    }
  }
  return { ...size, data };
}

/**
 * Returns how a camera that writes this EXIF orientation stores the upright `image`. Written from the tag's definition
 * (which edge of the picture the stored first row and first column are), independently of any library.
 */
export function storeWithOrientation(image: RgbImage, orientation: number): RgbImage {
  const right = image.width - 1;
  const bottom = image.height - 1;
  const same = { width: image.width, height: image.height };
  const turned = { width: image.height, height: image.width };
  switch (orientation) {
    case 2:
      return remap(image, same, (x, y) => [right - x, y]);
    case 3:
      return remap(image, same, (x, y) => [right - x, bottom - y]);
    case 4:
      return remap(image, same, (x, y) => [x, bottom - y]);
    case 5:
      return remap(image, turned, (x, y) => [y, x]);
    case 6:
      return remap(image, turned, (x, y) => [right - y, x]);
    case 7:
      return remap(image, turned, (x, y) => [right - y, bottom - x]);
    case 8:
      return remap(image, turned, (x, y) => [y, bottom - x]);
    default:
      return image;
  }
}

/** Returns the part of `image` at x, y. */
export function crop(
  image: RgbImage,
  part: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
): RgbImage {
  return remap(image, { width: part.width, height: part.height }, (x, y) => [part.x + x, part.y + y]);
}

/** Opens raw pixels with sharp, to encode them. */
export function openRgb({ data, width, height }: RgbImage): Sharp {
  return sharp(data, { raw: { width, height, channels: 3 } });
}

function requireSameSize(one: RgbImage, other: RgbImage): void {
  if (one.width === other.width && one.height === other.height) return;
  throw new Error(`${one.width}×${one.height} is not ${other.width}×${other.height}`);
}
