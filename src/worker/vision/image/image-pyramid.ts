import type { RgbImage } from '../types.js';

/**
 * A photo at full, half, quarter, … size; each level is made on first use. Bilinear sampling of a level at most twice as
 * large as the result avoids aliasing at a quarter of the cost of an area filter.
 */
export interface ImagePyramid {
  readonly width: number;
  readonly height: number;
  /** Returns the smallest level with at least one pixel for each `step` / 2 pixels of the photo. */
  levelFor(step: number): PyramidLevel;
}

export interface PyramidLevel {
  readonly image: RgbImage;
  /** Pixels of the photo for each pixel of this level: 1, 2, 4, … */
  readonly factor: number;
}

/** Returns the pyramid of `image`, which it keeps and never changes. Takes at most a third of the photo's memory. */
export function createPyramid(image: RgbImage): ImagePyramid {
  const levels: RgbImage[] = [image];
  return {
    width: image.width,
    height: image.height,
    levelFor(step) {
      let index = 0;
      for (let left = step; left >= 2 && canHalve(levels[index]!); left /= 2) {
        index += 1;
        levels[index] ??= halveImage(levels[index - 1]!);
      }
      return { image: levels[index]!, factor: 2 ** index };
    },
  };
}

/** Returns a pyramid with one level, the photo itself, which OpenCV's bilinear resize and warp sample. */
export function createFlatPyramid(image: RgbImage): ImagePyramid {
  return { width: image.width, height: image.height, levelFor: () => ({ image, factor: 1 }) };
}

/** Returns the image at half its size, each pixel the rounded mean of four. An odd last row or column is left out. */
export function halveImage({ width, height, data }: RgbImage): RgbImage {
  const halfWidth = width >> 1;
  const halfHeight = height >> 1;
  const half = new Uint8Array(halfWidth * halfHeight * 3);
  const row = width * 3;
  for (let y = 0, to = 0; y < halfHeight; y++) {
    let above = y * 2 * row;
    let below = above + row;
    for (let x = 0; x < halfWidth; x++, to += 3, above += 6, below += 6) {
      half[to] = (data[above]! + data[above + 3]! + data[below]! + data[below + 3]! + 2) >> 2;
      half[to + 1] = (data[above + 1]! + data[above + 4]! + data[below + 1]! + data[below + 4]! + 2) >> 2;
      half[to + 2] = (data[above + 2]! + data[above + 5]! + data[below + 2]! + data[below + 5]! + 2) >> 2;
    }
  }
  return { width: halfWidth, height: halfHeight, data: half };
}

const canHalve = ({ width, height }: RgbImage): boolean => width >= 2 && height >= 2;
