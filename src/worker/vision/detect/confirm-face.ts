import { ALIGNED_SIDE_PX, alignmentOf, isSmallerThanAligned } from '../face/align-face.js';
import { invertSimilarity, type SimilarityTransform, transformPoints } from '../face/similarity-transform.js';
import { warpImage } from '../face/warp-image.js';
import { createFlatPyramid, type ImagePyramid } from '../image/image-pyramid.js';
import type { QuarterTurns, Size } from '../image/placement.js';
import type { FaceDetection, FivePoints } from '../types.js';
import {
  type ConfirmedFace,
  type FaceCheck,
  type FaceDetector,
  type GlanceCheck,
  SETTLED,
} from './face-detector.js';

/** Limits for judging a detector's scores. */
export interface Confirmation {
  /** Score from which an upright face needs no second pass: no turned face with upright-looking landmarks has it. */
  readonly sureScore: number;
  /** Sum of the first and second score from which the face is not looked for in other turns. */
  readonly sureScoreSum: number;
  /** Sum of the first and second score below which other views of the photo are tried all the same. */
  readonly settledScoreSum: number;
  /** Turns in which the detector finds a face that is not upright as well as in its own view, or better. */
  readonly rivals: readonly QuarterTurns[];
  /** Lead over the rivals, or theirs, up to which the scores decide nothing. */
  readonly rivalMargin: number;
  /** Score below which a detection that is not found a second time is no face. */
  readonly loneScore: number;
  /**
   * Recognisability from which a face has been read the right way up, 0..1: upside down, hardly anything of it can be
   * recognised. The recogniser runs anyway, so asking it about a large face costs nothing. Absent: not measured with this
   * detector.
   */
  readonly clearRecognisability?: number;
  /** Longer edge from which a face needs no better points, as a fraction of the photo's longer edge. Absent: never. */
  readonly clearSize?: number;
  /**
   * Longer edge from which a face found in the tiny pass can be settled there, as a fraction of the photo's longer edge.
   * Absent: never.
   */
  readonly glanceSize?: number;
  /** The cut-out for the second pass: its side, px, and the size of the aligned face in its middle, in times of 112 px. */
  readonly cutout: { readonly sidePx: number; readonly scale: number };
}

/**
 * Cosine of the roll up to which a face counts as upright in its view (25°), and of the roll from which it belongs to the
 * next view (55°, more than 45°, because at 45° two views show it equally well).
 */
const UPRIGHT = Math.cos((25 * Math.PI) / 180);
const HALFWAY = Math.cos((55 * Math.PI) / 180);

/** Cosine of the roll up to which points are as good as those of a second pass (8°). */
const STRAIGHT = Math.cos((8 * Math.PI) / 180);

/** Passes over the cut-out at most. Each halves the remaining tilt. */
const MAX_PASSES = 2;

/** Distance between the centres of the face and the cut-out at most, as a fraction of the cut-out's side. */
const MAX_SHIFT = 0.25;

/**
 * Returns the face and how plausible it is that it is upright. A high score and a small roll settle it at no cost, and so
 * does a large straight face that can be recognised clearly. Otherwise the detector runs again on a cut-out in which the
 * face, judging by its points, is upright and of a good size. Unless both scores are high or the face can be recognised
 * clearly, it also runs on the cut-out in other turns: detectors find turned faces too and give them upright points, but
 * score them lower than the right way up. A face that turns out to lie on its side is never settled, so that the turned
 * view is tried as well, which can find more faces.
 */
export async function confirmFace(
  detect: FaceDetector['detect'],
  photo: ImagePyramid,
  { face, quarterTurns, recognisabilityOf, rules }: FaceCheck & { face: FaceDetection; rules: Confirmation },
): Promise<ConfirmedFace> {
  const { clearRecognisability, clearSize = Number.POSITIVE_INFINITY } = rules;
  const isClear = async (points: FivePoints) =>
    clearRecognisability !== undefined && (await recognisabilityOf(points)) >= clearRecognisability;
  const roll = uprightness(face.landmarks, quarterTurns);
  const isUpright = roll >= UPRIGHT;
  if (isUpright && face.score >= rules.sureScore) return { face, plausibility: 1 };
  const needsBetterPoints = roll < STRAIGHT || sizeIn(photo, face) < clearSize;
  if (!needsBetterPoints && (await isClear(face.landmarks))) return { face, plausibility: 1 };
  const second = await lookAgain(detect, photo, { landmarks: face.landmarks, cutout: rules.cutout });
  // Used only if nothing better turns up.
  if (!second) return { face, plausibility: face.score < rules.loneScore ? 0 : SETTLED * face.score * 0.5 };
  const { landmarks, score } = second;
  const scoreSum = face.score + score;
  const isOnItsSide = uprightness(landmarks, quarterTurns) < HALFWAY;
  const isSure = isUpright && scoreSum >= rules.sureScoreSum;
  const isReadRight = async () => !isOnItsSide && (await isClear(landmarks));
  // Asking about a small face is not free: it will be read again, at full resolution.
  const asksFirst = !isSmallerThanAligned(landmarks);
  let lead = Number.POSITIVE_INFINITY;
  if (!isSure && !(asksFirst && (await isReadRight()))) lead = await leadOverRivals(second, rules);
  if (lead < rules.rivalMargin && !asksFirst && (await isReadRight())) lead = Number.POSITIVE_INFINITY;
  if (lead < -rules.rivalMargin) return { face, plausibility: 0 };
  const isSettled = !isOnItsSide && scoreSum >= rules.settledScoreSum && lead >= rules.rivalMargin;
  const plausibility = isSettled ? Math.max(SETTLED, score) : SETTLED * 0.9;
  return { face: { ...face, landmarks }, plausibility };
}

/**
 * Returns a face found at a glance, with the points of a second pass, if it is large and can be recognised clearly: then it is
 * read the right way up. Undefined if that is not certain.
 */
export async function confirmAtAGlance(
  detect: FaceDetector['detect'],
  photo: ImagePyramid,
  { face, recognisabilityOf, rules }: GlanceCheck & { face: FaceDetection; rules: Confirmation },
): Promise<FaceDetection | undefined> {
  const { clearRecognisability, glanceSize, cutout } = rules;
  if (clearRecognisability === undefined || glanceSize === undefined) return undefined;
  if (sizeIn(photo, face) < glanceSize) return undefined;
  const second = await lookAgain(detect, photo, { landmarks: face.landmarks, cutout });
  if (!second || uprightness(second.landmarks, 0) < HALFWAY) return undefined;
  const recognisability = await recognisabilityOf(second.landmarks);
  return recognisability < clearRecognisability ? undefined : { ...face, landmarks: second.landmarks };
}

/**
 * Returns the face with the points that the detector finds on a cut-out around it; unchanged if it finds none. One pass is
 * enough: `confirmFace` has settled which way up the face is.
 */
export async function refineFace(
  detect: FaceDetector['detect'],
  photo: ImagePyramid,
  { face, cutout }: { face: FaceDetection; cutout: Confirmation['cutout'] },
): Promise<FaceDetection> {
  const { toPhoto, detectCentral } = cutOut(photo, face.landmarks, { detect, cutout });
  const central = await detectCentral(0);
  return central ? { ...face, landmarks: transformPoints(toPhoto, central.landmarks) } : face;
}

/** A face on a cut-out in which it is upright. */
interface SecondLook {
  /** In pixels of the photo. */
  readonly landmarks: FivePoints;
  readonly score: number;
  /** Returns the face of the turned cut-out. */
  readonly detectCentral: (quarterTurns: QuarterTurns) => Promise<FaceDetection | undefined>;
}

/** Looks at the face on cut-outs in which it should be upright, judging by its points; undefined if it is in none of them. */
async function lookAgain(
  detect: FaceDetector['detect'],
  photo: ImagePyramid,
  { landmarks: first, cutout }: { landmarks: FivePoints; cutout: Confirmation['cutout'] },
): Promise<SecondLook | undefined> {
  let landmarks = first;
  for (let pass = 0; pass < MAX_PASSES; pass++) {
    const { toPhoto, detectCentral } = cutOut(photo, landmarks, { detect, cutout });
    const central = await detectCentral(0);
    if (!central) return undefined;
    landmarks = transformPoints(toPhoto, central.landmarks);
    if (uprightness(central.landmarks, 0) >= UPRIGHT)
      return { landmarks, score: central.score, detectCentral };
  }
  return undefined;
}

/** Returns by how much the face scores higher than in the turns of its rivals, or the first lead that rejects it. */
async function leadOverRivals(
  { score, detectCentral }: SecondLook,
  { rivals, rivalMargin }: Confirmation,
): Promise<number> {
  let lead = Number.POSITIVE_INFINITY;
  for (const turns of rivals) {
    lead = Math.min(lead, score - ((await detectCentral(turns))?.score ?? 0));
    if (lead < -rivalMargin) break;
  }
  return lead;
}

/** Makes the cut-out around these points, and the search for the face in its middle. */
function cutOut(
  photo: ImagePyramid,
  landmarks: FivePoints,
  { detect, cutout }: { detect: FaceDetector['detect']; cutout: Confirmation['cutout'] },
) {
  const { sidePx } = cutout;
  const toPhoto = cutoutAround(landmarks, cutout);
  const picture = createFlatPyramid(warpImage(photo, toPhoto, sidePx));
  const detectCentral = async (quarterTurns: QuarterTurns) => {
    const faces = await detect(picture, { longEdgePx: sidePx, quarterTurns });
    return faces.find((found) => isCentral(found, sidePx));
  };
  return { toPhoto, detectCentral };
}

/** Returns the cosine of a face's roll in its view: 1 upright, -1 upside down. */
function uprightness(landmarks: FivePoints, quarterTurns: QuarterTurns): number {
  const { a, b } = alignmentOf(landmarks);
  return Math.cos((quarterTurns * Math.PI) / 2 - Math.atan2(b, a));
}

/** Returns the transform from pixel centres of the cut-out to the photo. */
function cutoutAround(landmarks: FivePoints, { sidePx, scale }: Confirmation['cutout']): SimilarityTransform {
  const { a, b, tx, ty } = alignmentOf(landmarks);
  const margin = (sidePx - ALIGNED_SIDE_PX * scale) / 2;
  return invertSimilarity({ a: a * scale, b: b * scale, tx: tx * scale + margin, ty: ty * scale + margin });
}

/** Returns the longer edge of a face as a fraction of the photo's longer edge; 0 for a cropped face. */
function sizeIn(photo: Size, { box }: FaceDetection): number {
  const isCropped =
    box.x < 0 || box.y < 0 || box.x + box.width > photo.width || box.y + box.height > photo.height;
  return isCropped ? 0 : Math.max(box.width, box.height) / Math.max(photo.width, photo.height);
}

function isCentral({ box }: FaceDetection, sidePx: number): boolean {
  const x = box.x + box.width / 2 - sidePx / 2;
  const y = box.y + box.height / 2 - sidePx / 2;
  return Math.hypot(x, y) < MAX_SHIFT * sidePx;
}
