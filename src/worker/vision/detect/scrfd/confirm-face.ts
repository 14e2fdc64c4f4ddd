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

/** Half of all upright faces score more; of faces that are found upside down, with points that deny it, none. */
const SURE_SCORE = 0.86;

/**
 * First and second score together from which a face need not be seen upside down: of 1,064 finds that this denied, with
 * SCRFD-500M and 2.5G, none had more than 1.55, of upright faces up to three quarters have.
 */
const SURE_SCORE_SUM = 1.58;

/** Cosine of the roll up to which a face counts as upright in its view (25°), and of that at which it is halfway to the
 * next view (55°: beyond 45°, for at 45° two views see it equally well). */
const UPRIGHT = Math.cos((25 * Math.PI) / 180);
const HALFWAY = Math.cos((55 * Math.PI) / 180);

/** Side of the cut-out of a second look, px, with the aligned face of 112 px in its middle: a size every detector likes. */
const CUTOUT_PX = 160;

/** Second looks at most: each halves the tilt that is left. */
const MAX_LOOKS = 2;

/** Parts of the cut-out's side by which the middle of a face may lie beside its own. */
const MAX_SHIFT = 0.25;

/**
 * Returns the face and how plausible it is that it stands upright. A high score and a small roll settle it at no cost.
 * Else the detector looks again at a cut-out in which the face, going by its points, is upright and of a good size, and
 * unless both scores are high at the same upside down: detectors find upside-down faces too and give them upright
 * points, but score them less than when they see them the right way up. A face that proves to lie on its side is never
 * settled, so that the turned view gets its turn, which may find more faces.
 */
export async function confirmFace(
  detect: FaceDetector['detect'],
  photo: ImagePyramid,
  { face, quarterTurns }: { face: FaceDetection; quarterTurns: QuarterTurns },
): Promise<ConfirmedFace> {
  const isUpright = uprightness(face.landmarks, quarterTurns) >= UPRIGHT;
  if (isUpright && face.score >= SURE_SCORE) return { face, plausibility: 1 };
  let { landmarks } = face;
  for (let looks = 0; looks < MAX_LOOKS; looks++) {
    const toPhoto = cutoutAround(landmarks);
    const cutout = createFlatPyramid(warpImage(photo, toPhoto, CUTOUT_PX));
    const lookAgain = async (turns: QuarterTurns) =>
      (await detect(cutout, { longEdgePx: CUTOUT_PX, quarterTurns: turns })).find(isCentral);
    const central = await lookAgain(0);
    if (!central) break;
    landmarks = transformPoints(toPhoto, central.landmarks);
    if (uprightness(central.landmarks, 0) < UPRIGHT) continue;
    const isSure = isUpright && face.score + central.score >= SURE_SCORE_SUM;
    const upsideDown = isSure ? undefined : await lookAgain(2);
    if (upsideDown && upsideDown.score > central.score) return { face, plausibility: 0 };
    const isOnItsSide = uprightness(landmarks, quarterTurns) < HALFWAY;
    const plausibility = isOnItsSide ? SETTLED * 0.9 : Math.max(SETTLED, central.score);
    return { face: { ...face, landmarks }, plausibility };
  }
  // Found once and not again: believed only when nothing better turns up.
  return { face, plausibility: SETTLED * face.score * 0.5 };
}

/** Cosine of the angle by which a face leans in its view, 1 upright, -1 upside down. */
function uprightness(landmarks: FivePoints, quarterTurns: QuarterTurns): number {
  const { a, b } = alignmentOf(landmarks);
  return Math.cos((quarterTurns * Math.PI) / 2 - Math.atan2(b, a));
}

/** Where pixel centres of the cut-out lie in the photo. */
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
