import type { ImageInfo } from './inspect-image.js';

/**
 * Least long edge of the first decoding, px: at least twice what the small passes need. A face of a fifth of a portrait's
 * width still fills its aligned picture.
 */
const LEAST_LONG_EDGE_PX = 400;

/**
 * Reductions from which sharp lets the JPEG decoder itself reduce each axis to 1/8, 1/4 and 1/2. They are above 8, 4 and 2
 * because sharp leaves a margin for the decoder's rounding.
 */
const CHEAP_REDUCTIONS = [9, 5, 3] as const;

/**
 * Returns the long edge for the first decoding of a photo, px: the cheapest reduction that leaves enough of a portrait,
 * at most `detectionSize`; the full size if that is already small. Compared with 640 px, decoding a photo of 2 megapixels
 * costs about half, one of 12 megapixels about two thirds.
 */
export function firstLongEdge({ width, height }: ImageInfo, detectionSize: number): number {
  const longEdge = Math.max(width, height);
  const reduction = CHEAP_REDUCTIONS.find((by) => longEdge / by >= LEAST_LONG_EDGE_PX) ?? 1;
  return Math.min(Math.floor(longEdge / reduction), detectionSize);
}
