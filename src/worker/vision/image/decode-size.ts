import type { ImageInfo } from './inspect-image.js';

/**
 * Least long edge of the first decoding, px: twice and more what the small looks need, and a face that takes a fifth of
 * a portrait's width still fills its aligned picture.
 */
const LEAST_LONG_EDGE_PX = 400;

/**
 * Reductions from which on sharp has the JPEG decoder skip half, three quarters and seven eighths of each axis by itself.
 * (It takes less below 3, 5 and 9: from exactly 2, 4 and 8 it would have to trust the decoder's rounding.)
 */
const CHEAP_REDUCTIONS = [9, 5, 3] as const;

/**
 * Returns the long edge to decode a photo to before anything is known of it, px: the cheapest reduction of the decoder
 * that leaves enough of a portrait, and at most `detectionSize`. The full size where that is small already.
 * Decoding a photo of 2 megapixels so costs about half of what it costs at 640, one of 12 about two thirds.
 */
export function firstLongEdge({ width, height }: ImageInfo, detectionSize: number): number {
  const longEdge = Math.max(width, height);
  const reduction = CHEAP_REDUCTIONS.find((by) => longEdge / by >= LEAST_LONG_EDGE_PX) ?? 1;
  return Math.min(Math.floor(longEdge / reduction), detectionSize);
}
