import { alignmentOf } from '../../face/align-face.js';
import {
  invertSimilarity,
  type SimilarityTransform,
  transformPoints,
} from '../../face/similarity-transform.js';
import { warpImage } from '../../face/warp-image.js';
import { createFlatPyramid, type ImagePyramid } from '../../image/image-pyramid.js';
import type { QuarterTurns } from '../../image/placement.js';
import type { FaceDetection, FivePoints } from '../../types.js';
import { type ConfirmedFace, type FaceDetector, SETTLED } from '../face-detector.js';

/** Half of all upright faces score higher; no upside-down face with upright-looking landmarks does. */
const SURE_SCORE = 0.86;

/**
 * Sum of the first and second score from which the upside-down check is skipped. Of 1,064 detections that this check
 * rejected, with SCRFD-500M and 2.5G, none had more than 1.55; up to three quarters of upright faces do.
 */
const SURE_SCORE_SUM = 1.58;

/**
 * Cosine of the roll up to which a face counts as upright in its view (25°), and of the roll from which it belongs to the
 * next view (55°, more than 45°, because at 45° two views show it equally well).
 */
const UPRIGHT = Math.cos((25 * Math.PI) / 180);
const HALFWAY = Math.cos((55 * Math.PI) / 180);

/** Side of the cut-out for the second pass, px, with the aligned face of 112 px in its middle. Suits every detector. */
const CUTOUT_PX = 160;

/** Passes over the cut-out at most. Each halves the remaining tilt. */
const MAX_PASSES = 2;

/** Distance between the centres of the face and the cut-out at most, as a fraction of the cut-out's side. */
const MAX_SHIFT = 0.25;

/**
 * Returns the face and how plausible it is that it is upright. A high score and a small roll settle it at no cost.
 * Otherwise the detector runs again on a cut-out in which the face, judging by its points, is upright and of a good size.
 * Unless both scores are high, it also runs on the cut-out upside down: detectors find upside-down faces too and give
 * them upright points, but score them lower than the right way up. A face that turns out to lie on its side is never
 * settled, so that the turned view is tried as well, which can find more faces.
 */
export async function confirmFace(
  detect: FaceDetector['detect'],
  photo: ImagePyramid,
  { face, quarterTurns }: { face: FaceDetection; quarterTurns: QuarterTurns },
): Promise<ConfirmedFace> {
  const isUpright = uprightness(face.landmarks, quarterTurns) >= UPRIGHT;
  if (isUpright && face.score >= SURE_SCORE) return { face, plausibility: 1 };
  let { landmarks } = face;
  for (let pass = 0; pass < MAX_PASSES; pass++) {
    const toPhoto = cutoutAround(landmarks);
    const cutout = createFlatPyramid(warpImage(photo, toPhoto, CUTOUT_PX));
    const detectCentral = async (turns: QuarterTurns) =>
      (await detect(cutout, { longEdgePx: CUTOUT_PX, quarterTurns: turns })).find(isCentral);
    const central = await detectCentral(0);
    if (!central) break;
    landmarks = transformPoints(toPhoto, central.landmarks);
    if (uprightness(central.landmarks, 0) < UPRIGHT) continue;
    const isSure = isUpright && face.score + central.score >= SURE_SCORE_SUM;
    const upsideDown = isSure ? undefined : await detectCentral(2);
    if (upsideDown && upsideDown.score > central.score) return { face, plausibility: 0 };
    const isOnItsSide = uprightness(landmarks, quarterTurns) < HALFWAY;
    const plausibility = isOnItsSide ? SETTLED * 0.9 : Math.max(SETTLED, central.score);
    return { face: { ...face, landmarks }, plausibility };
  }
  // Not found a second time: used only if nothing better turns up.
  return { face, plausibility: SETTLED * face.score * 0.5 };
}

/** Returns the cosine of a face's roll in its view: 1 upright, -1 upside down. */
function uprightness(landmarks: FivePoints, quarterTurns: QuarterTurns): number {
  const { a, b } = alignmentOf(landmarks);
  return Math.cos((quarterTurns * Math.PI) / 2 - Math.atan2(b, a));
}

/** Returns the transform from pixel centres of the cut-out to the photo. */
function cutoutAround(landmarks: FivePoints): SimilarityTransform {
  const { a, b, tx, ty } = invertSimilarity(alignmentOf(landmarks));
  const margin = (CUTOUT_PX - 112) / 2;
  return { a, b, tx: tx - margin * (a - b), ty: ty - margin * (a + b) };
}

function isCentral({ box }: FaceDetection): boolean {
  const x = box.x + box.width / 2 - CUTOUT_PX / 2;
  const y = box.y + box.height / 2 - CUTOUT_PX / 2;
  return Math.hypot(x, y) < MAX_SHIFT * CUTOUT_PX;
}
