import type { Box, FaceDetection } from '../types.js';

/**
 * Returns the detections, best score first, without those that overlap a better one by more than `maxOverlap`
 * (intersection over union, 0..1). The input is untouched. O(n²) in the number of kept detections.
 */
export function suppressOverlaps(detections: readonly FaceDetection[], maxOverlap: number): FaceDetection[] {
  const kept: FaceDetection[] = [];
  for (const candidate of detections.toSorted((one, other) => other.score - one.score)) {
    if (kept.every((better) => boxOverlap(better.box, candidate.box) <= maxOverlap)) kept.push(candidate);
  }
  return kept;
}

/**
 * Returns the intersection over union of two boxes, 0..1. Edges count as pixels (+1), as in the Fast R-CNN code that
 * InsightFace uses, so that borderline overlaps are decided the same way.
 */
export function boxOverlap(one: Box, other: Box): number {
  const width = Math.min(one.x + one.width, other.x + other.width) - Math.max(one.x, other.x) + 1;
  const height = Math.min(one.y + one.height, other.y + other.height) - Math.max(one.y, other.y) + 1;
  if (width <= 0 || height <= 0) return 0;
  const shared = width * height;
  const union = (one.width + 1) * (one.height + 1) + (other.width + 1) * (other.height + 1) - shared;
  return shared / union;
}
