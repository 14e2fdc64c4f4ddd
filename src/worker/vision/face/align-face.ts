import type { ImagePyramid } from '../image/image-pyramid.js';
import type { FivePoints, RgbImage } from '../types.js';
import { estimateSimilarity, invertSimilarity, type SimilarityTransform } from './similarity-transform.js';
import { warpImage } from './warp-image.js';

/** Side of the aligned face, the input of recognisers of the ArcFace family, px. */
export const ALIGNED_SIDE_PX = 112;

/**
 * Positions of the five points in the aligned face, x, y in px: left eye, right eye, nose, left and right mouth corner.
 * @see deepinsight/insightface python-package/insightface/utils/face_align.py, arcface_dst (MIT)
 */
// biome-ignore format: one point per line
export const ALIGNED_POINTS: FivePoints = Float32Array.of(
  38.2946, 51.6963,
  73.5318, 51.5014,
  56.0252, 71.7366,
  41.5493, 92.3655,
  70.7299, 92.2041,
);

/**
 * Returns the transform from the photo to the aligned face.
 * @throws model_failure if the points coincide or are not finite.
 */
export function alignmentOf(landmarks: FivePoints): SimilarityTransform {
  return estimateSimilarity(landmarks, ALIGNED_POINTS);
}

/** True if alignment enlarges the face. @throws model_failure as `alignmentOf`. */
export function isSmallerThanAligned(landmarks: FivePoints): boolean {
  const { a, b } = alignmentOf(landmarks);
  return Math.hypot(a, b) > 1;
}

/**
 * Returns the face warped to the ArcFace pose: a new RGB image of 112 × 112, black outside the photo.
 * `landmarks`: pixels of the photo. A turned face comes out upright.
 * @throws model_failure if the points coincide or are not finite.
 */
export function alignFace(photo: ImagePyramid, landmarks: FivePoints): RgbImage {
  return warpImage(photo, invertSimilarity(alignmentOf(landmarks)), ALIGNED_SIDE_PX);
}
